package import Foundation
package import Logging

/// The broker without its surroundings: everything that is stacked and wired, in the order in which a request meets it.
package struct BrokerCore: Sendable {
    /// What an operator may set.
    package struct Policy: Sendable {
        package let defaultTokenEndpoint: URL
        /// Requests per second to one token endpoint.
        package let mintRate: Double
        /// Requests to one token endpoint at once.
        package let mintBurst: Int

        package init(defaultTokenEndpoint: URL, mintRate: Double, mintBurst: Int) {
            self.defaultTokenEndpoint = defaultTokenEndpoint
            self.mintRate = mintRate
            self.mintBurst = mintBurst
        }
    }

    package let authenticator: ClientAuthenticator
    package let broker: TokenBroker
    package let administrator: Administrator
    package let tokens: ProjectTokens
    package let flights: MintFlights
    package let refresher: Refresher
    package let housekeeping: Housekeeping

    /// Brings what is in the store to life; mints nothing.
    ///
    /// - Parameter random: draws from 0..<1.
    package init(
        store: any Store, sealer: any Sealer, endpoint: any TokenEndpoint, policy: Policy, clock: any BrokerClock,
        random: @escaping @Sendable () -> Double, logger: Logger
    ) async throws {
        let store = LoggedStore(store, logger: logger)
        var contents = try await store.contents()
        let registry = Registry(defaultTokenEndpoint: policy.defaultTokenEndpoint)
        registry.load(keys: contents.keys, clients: contents.clients)
        (contents.keys, contents.clients) = ([], [])

        for record in contents.unreadable {
            logger.error(
                "a record of the database cannot be read, and is left out: add it again, or restore a backup",
                metadata: ["record": "\(record.name)", "reason": "\(record.reason)"]
            )
            guard let key = record.enabledKey else { continue }
            try await store.commit(
                [.setKeyState(key, .disabled)],
                recording: AuditRecord(
                    at: clock.now.wall, actor: .broker, action: .keyDisabled, key: key, outcome: "unreadable"
                )
            )
        }

        let health = Health(clock: clock, logger: logger)
        let budget = MintBudget(rate: policy.mintRate, burst: policy.mintBurst, clock: clock)
        let breaker = MintBreaker(clock: clock, random: random)
        let asking = EndpointTokenSource(endpoint, sealer: sealer, clock: clock, random: random)
        let sending = BudgetedTokenSource(BreakingTokenSource(asking, breaker: breaker), budget: budget)
        let mints = RecordingTokenSource(
            RetryingTokenSource(sending, clock: clock, random: random),
            store: store, sealer: sealer, breaker: breaker, health: health, clock: clock, logger: logger
        )

        let queue = RefreshQueue { registry.endpoint(of: $0) }
        let cache = TokenCache(queue: queue, sealer: sealer, clock: clock, logger: logger)
        cache.load(contents.tokens)

        let failures = FailedMints(breaker: breaker, registry: registry, health: health, clock: clock, random: random)
        flights = MintFlights(mints, cache: cache, failures: failures, registry: registry, clock: clock)
        tokens = ProjectTokens(
            cache, queue: queue, flights: flights, failures: failures, registry: registry, health: health, clock: clock
        )
        refresher = Refresher(
            queue: queue, cache: cache, tokens: tokens, flights: flights, budget: budget, breaker: breaker,
            clock: clock
        )
        let uses = UseLog(store: store)
        housekeeping = Housekeeping(uses: uses, store: store, clock: clock, logger: logger)
        broker = TokenBroker(registry: registry, tokens: tokens, store: store, uses: uses, clock: clock)
        authenticator = ClientAuthenticator(
            registry: registry, sealer: sealer, store: store, uses: uses, clock: clock
        )
        administrator = Administrator(
            registry: registry, store: store, sealer: sealer, cache: cache, queue: queue, failures: failures,
            health: health, tokens: tokens,
            broker: broker, mints: mints, budget: budget, breaker: breaker, clock: clock
        )
    }
}
