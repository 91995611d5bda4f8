/// What a request says of who sends it.
package struct ClientClaim: Sendable {
    package let id: String?
    package let secret: Secret?

    /// Whether it can be anybody's at all.
    package let isUsable: Bool

    /// The claim of a request without credentials.
    package static let none = ClientClaim(id: nil, secret: nil)

    /// What was meant for a claim and is none.
    package static let unusable = ClientClaim(id: nil, secret: nil, isUsable: false)

    package init(id: String?, secret: Secret?) {
        self.init(id: id, secret: secret, isUsable: true)
    }

    private init(id: String?, secret: Secret?, isUsable: Bool) {
        self.id = id
        self.secret = secret
        self.isUsable = isUsable
    }
}
