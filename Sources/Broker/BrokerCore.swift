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
    package let cache: CachedTokenSource
    package let tokens: ProjectTokens
    package let broker: TokenBroker
    package let administrator: Administrator

    /// Brings what is in the store to life; mints nothing.
    ///
    /// - Parameter chance: draws from 0..<1.
    package init(
        store: any Store, sealer: any Sealer, endpoint: any TokenEndpoint, policy: Policy, clock: any BrokerClock,
        chance: @escaping @Sendable () -> Double, logger: Logger
    ) async throws {
        let store = LoggedStore(store, logger: logger)
        let contents = try await store.contents()
        let roster = Roster()
        roster.apply(contents.keys.map { .putKey($0) } + contents.clients.map { .putClient($0) })

        let budget = MintBudget(rate: policy.mintRate, burst: policy.mintBurst, clock: clock)
        let breaker = MintBreaker(clock: clock, chance: chance)
        let asking = MintingTokenSource(endpoint, sealer: sealer, clock: clock, chance: chance)
        let minting = RetryingTokenSource(
            BreakingTokenSource(BudgetedTokenSource(asking, budget: budget), breaker: breaker),
            clock: clock, chance: chance
        )
        cache = CachedTokenSource(
            RecordingTokenSource(minting, store: store, sealer: sealer, clock: clock, logger: logger),
            sealer: sealer, clock: clock, chance: chance, logger: logger
        )
        let now = clock.now
        for token in contents.tokens.compactMap({ $0.resumed(at: now) }) { cache.adopt(token) }

        let ledger = HandOutLedger(store: store, clock: clock)
        tokens = ProjectTokens(
            cache, roster: roster, defaultTokenEndpoint: policy.defaultTokenEndpoint, clock: clock
        )
        broker = TokenBroker(roster: roster, tokens: tokens, ledger: ledger, clock: clock)
        authenticator = ClientAuthenticator(roster: roster, sealer: sealer, store: store, clock: clock)
        administrator = Administrator(
            roster: roster, store: store, sealer: sealer, cache: cache, broker: broker, ledger: ledger, budget: budget,
            breaker: breaker,
            clock: clock, defaultTokenEndpoint: policy.defaultTokenEndpoint, candidateTokens: minting
        )
    }
}
