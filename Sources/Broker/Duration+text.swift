extension Duration {
    /// In whole seconds, rounded up: "3 s".
    package var text: String { "\(Int((self / .seconds(1)).rounded(.up))) s" }
}
