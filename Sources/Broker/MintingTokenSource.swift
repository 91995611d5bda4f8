package import Foundation

/// The authorization server, as an adapter reaches it.
package protocol TokenEndpoint: Sendable {
    /// Asks once, with the client credentials grant (RFC 6749 §4.4).
    ///
    /// - Parameter patience: how long this attempt may take at most.
    /// - Throws: ``MintFailure``.
    func mint(
        with key: AccessKey, secret: Secret, at endpoint: URL, scope: Scope, patience: Duration
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

/// A token source that asks the authorization server, once.
package struct MintingTokenSource: TokenSource {
    private let endpoint: any TokenEndpoint
    private let sealer: any Sealer
    private let clock: any BrokerClock
    private let chance: @Sendable () -> Double

    /// - Parameter chance: draws from 0..<1.
    package init(
        _ endpoint: any TokenEndpoint, sealer: any Sealer, clock: any BrokerClock,
        chance: @escaping @Sendable () -> Double
    ) {
        self.endpoint = endpoint
        self.sealer = sealer
        self.clock = clock
        self.chance = chance
    }

    package func token(for need: TokenNeed) async throws -> AccessToken {
        let key = need.key
        let secret = try sealer.open(key.secret, from: .keySecret(key.id, version: key.version))
        let sentAt = clock.now
        let minted = try await endpoint.mint(
            with: key, secret: secret, at: need.endpoint, scope: need.scope,
            patience: need.deadline.remaining(at: sentAt)
        )
        guard minted.value.reveal() != secret.reveal() else {
            throw MintFailure.garbled("the token is the key secret itself")
        }
        let lifetime = TokenLifetime.accepted(stated: minted.expiresIn, token: minted.value, sentAt: sentAt)
        guard let lifetime else { throw MintFailure.garbled("the token's lifetime is no positive number") }
        let life = TokenLife(
            start: sentAt, lifetime: lifetime,
            refreshDue: TokenLifetime.refreshDue(after: lifetime, chance: chance())
        )
        guard life.isUsable(at: clock.now) else {
            throw MintFailure.garbled("the token had expired when it arrived; is this machine's clock right?")
        }
        return AccessToken(value: minted.value, digest: sealer.digest(of: minted.value), slot: need.slot, life: life)
    }
}
