/// An access key that is sealed and, where that was asked for, was minted with; not stored yet.
struct NewKey: Sendable {
    let key: AccessKey
    /// What it was verified by: is kept, not wasted.
    let token: AccessToken?
    private let storedToken: SealedToken?

    init(_ key: AccessKey, token: AccessToken?, sealer: any Sealer) throws {
        self.key = key
        self.token = token
        storedToken = try token.map { try SealedToken($0, sealer: sealer) }
    }

    /// What stores it, after whatever has its ID was removed.
    func changes(in state: AccessKey.State) -> [Change] {
        [.addKey(key.with(state: state))] + [storedToken.map(Change.putToken)].compactMap(\.self)
    }
}
