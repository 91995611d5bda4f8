import Foundation

/// A token source that asks the authorization server, once.
struct EndpointTokenSource: TokenSource {
    private let endpoint: any TokenEndpoint
    private let sealer: any Sealer
    private let metrics: MintMetrics
    private let clock: any BrokerClock
    private let random: @Sendable () -> Double

    /// - Parameter random: draws from 0..<1.
    init(
        _ endpoint: any TokenEndpoint, sealer: any Sealer, metrics: MintMetrics, clock: any BrokerClock,
        random: @escaping @Sendable () -> Double
    ) {
        self.endpoint = endpoint
        self.sealer = sealer
        self.metrics = metrics
        self.clock = clock
        self.random = random
    }

    func token(for request: MintRequest) async throws -> AccessToken {
        let secret = try secret(of: request.key)
        let sentAt = clock.now
        defer { metrics.record(clock.now.elapsed(since: sentAt)) }
        let minted = try await endpoint.mint(
            with: request.key, secret: secret, at: request.endpoint, scope: request.scope
        )
        guard minted.value.reveal() != secret.reveal() else {
            throw MintFailure.garbled("the token is the key secret itself")
        }
        let lifetime = TokenLifetime.accepted(stated: minted.expiresIn, token: minted.value, sentAt: sentAt)
        guard let lifetime else { throw MintFailure.garbled("the token's lifetime is not a positive number") }
        let life = TokenLife(
            start: sentAt, lifetime: lifetime,
            refreshDue: TokenLifetime.refreshDue(after: lifetime, random: random())
        )
        guard life.isUsable(at: clock.now) else {
            throw MintFailure.garbled("the token had expired when it arrived; is this machine's clock right?")
        }
        return AccessToken(
            value: minted.value, digest: sealer.digest(of: minted.value), slot: request.slot, life: life
        )
    }

    private func secret(of key: AccessKey) throws -> Secret {
        do {
            return try sealer.open(key.secret, from: key.secretPlace)
        } catch {
            throw MintFailure.secretDamaged
        }
    }
}
