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
        /// How long audit records are kept; for ever, when there is none.
        package let auditRetention: Duration?

        package init(
            defaultTokenEndpoint: URL, mintRate: Double, mintBurst: Int, auditRetention: Duration? = nil
        ) {
            self.defaultTokenEndpoint = defaultTokenEndpoint
            self.mintRate = mintRate
            self.mintBurst = mintBurst
            self.auditRetention = auditRetention
        }
    }

    package let authenticator: ClientAuthenticator
    package let broker: TokenBroker
    package let refresher: Refresher
    package let housekeeping: Housekeeping
    package let flights: MintFlights

    // What an administrator looks at and changes.
    let changes: ChangeQueue
    package let registry: Registry
    /// The records of the store that are missing in the registry.
    let unreadable: [UnreadableRecord]
    let store: any Store
    let sealer: any Sealer
    package let tokens: ProjectTokens
    package let cache: TokenCache
    package let backups: Backups
    package let queue: RefreshQueue
    package let failures: FailedMints
    package let health: Health
    let mints: any TokenSource
    package let budget: MintBudget
    let breaker: MintBreaker
    let clock: any BrokerClock

    /// Brings what is in the store to life; mints nothing.
    ///
    /// - Parameters:
    ///   - extent: what is read of the store; the broker knows of nothing else.
    ///   - random: draws from 0..<1.
    package init(
        store: any Store, reading extent: StoreExtent = .everything, sealer: any Sealer, endpoint: any TokenEndpoint,
        policy: Policy, clock: any BrokerClock,
        random: @escaping @Sendable () -> Double, logger: Logger
    ) async throws {
        self.clock = clock
        self.sealer = sealer
        health = Health(clock: clock, logger: logger)
        self.store = WatchedStore(store, health: health, logger: logger)
        registry = Registry(defaultTokenEndpoint: policy.defaultTokenEndpoint)
        changes = ChangeQueue(registry: registry, store: self.store, health: health)

        budget = MintBudget(rate: policy.mintRate, burst: policy.mintBurst, clock: clock)
        breaker = MintBreaker(clock: clock, random: random)
        let metrics = MintMetrics()
        let asking = EndpointTokenSource(endpoint, sealer: sealer, metrics: metrics, clock: clock, random: random)
        let sending = BudgetedTokenSource(BreakingTokenSource(asking, breaker: breaker), budget: budget)
        mints = RecordingTokenSource(
            RetryingTokenSource(sending, clock: clock, random: random),
            store: self.store, sealer: sealer, breaker: breaker, health: health, metrics: metrics, clock: clock,
            logger: logger
        )

        queue = RefreshQueue { [registry] in registry.endpoint(of: $0) }
        cache = TokenCache(queue: queue, sealer: sealer, clock: clock, logger: logger)
        failures = FailedMints(breaker: breaker, registry: registry, health: health, clock: clock, random: random)
        flights = MintFlights(mints, cache: cache, failures: failures, registry: registry, clock: clock)
        tokens = ProjectTokens(
            cache, queue: queue, flights: flights, failures: failures, registry: registry, budget: budget,
            health: health, clock: clock
        )
        refresher = Refresher(
            queue: queue, cache: cache, tokens: tokens, flights: flights, budget: budget, breaker: breaker,
            saturation: BudgetSaturation(
                registry: registry, queue: queue, budget: budget, breaker: breaker, health: health, clock: clock),
            clock: clock
        )

        let uses = UseLog(store: self.store)
        broker = TokenBroker(registry: registry, tokens: tokens, store: self.store, uses: uses, clock: clock)
        authenticator = try ClientAuthenticator(
            registry: registry, sealer: sealer, store: self.store, uses: uses, clock: clock
        )

        var contents = try await self.store.contents(of: extent)
        registry.load(keys: contents.keys, clients: contents.clients)
        (contents.keys, contents.clients) = ([], [])
        cache.load(contents.tokens)
        contents.tokens = []
        backups = Backups(of: self.store, last: contents.lastBackup, clock: clock)
        housekeeping = Housekeeping(
            uses: uses, store: self.store, backups: backups, auditRetention: policy.auditRetention, health: health,
            clock: clock, logger: logger
        )
        unreadable = contents.unreadable
        for record in unreadable { try await leaveOut(record, logger: logger) }
        if case .everything = extent, unreadable.isEmpty { health.report(registry) }
    }

    /// Waits for the mints that are running, and puts away what is left, before the store is closed.
    package func end() async throws {
        await backups.end()
        try await flights.drained()
        await housekeeping.runOnce()
    }

    /// A key that cannot be read is disabled, so that its project has no active key that is none.
    private func leaveOut(_ record: UnreadableRecord, logger: Logger) async throws {
        logger.log(
            .recordUnreadable, level: .error,
            "a record of the database cannot be read, and is left out: add it again, or restore a backup",
            ["record": "\(record.name)", "reason": "\(record.reason)"]
        )
        guard let key = record.key, record.isEnabled else { return }
        try await store.commit(
            [.setKeyState(key, .disabled)],
            recording: [
                AuditRecord(
                    at: clock.now.wall, actor: .broker, action: .keyDisabled, key: key, outcome: "unreadable"
                )
            ]
        )
    }
}
