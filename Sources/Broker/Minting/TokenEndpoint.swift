package import Foundation

/// The authorization server, as an adapter reaches it.
package protocol TokenEndpoint: Sendable {
    /// Asks once, with the client credentials grant (RFC 6749 §4.4).
    ///
    /// Takes no longer than an attempt may take, whoever has given up meanwhile: a mint is not wasted.
    /// Throws ``MintFailure``.
    func mint(
        with key: AccessKey, secret: Secret, at endpoint: URL, scope: Scope
    ) async throws -> MintedToken
}

/// What the authorization server answered, not yet believed.
package struct MintedToken: Sendable {
    package let value: Secret
    /// Seconds, where the answer says so.
    package let expiresIn: Double?

    package init(value: Secret, expiresIn: Double?) {
        self.value = value
        self.expiresIn = expiresIn
    }
}
