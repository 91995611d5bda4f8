extension Duration {
    /// In whole seconds, rounded up.
    package var seconds: Int { Int((self / .seconds(1)).rounded(.up)) }

    /// The same for people: "3 s".
    package var text: String { "\(seconds) s" }
}
