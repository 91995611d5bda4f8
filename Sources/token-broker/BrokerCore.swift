import AsyncHTTPClient
import Broker
import BrokerSQLite
import BrokerUpstream
import Foundation
import Logging

/// The broker without its listeners, wired by hand: what `serve` serves, and what the admin command works on when no
/// broker is running.
struct BrokerCore {
    let store: SQLiteStore
    let authenticator: ClientAuthenticator
    let tokens: ProjectTokens
    let broker: TokenBroker
    let administrator: Administrator

    /// Opens the store and brings everything in it to life.
    static func open(
        _ configuration: Configuration, client: HTTPClient, clock: any BrokerClock, logger: Logger
    ) async throws -> BrokerCore {
        let (store, sealer) = try SQLiteStore.open(in: configuration.directory, masterKey: configuration.masterKey)
        let contents = try await store.contents()
        let chance: @Sendable () -> Double = { Double.random(in: 0..<1) }

        let roster = Roster()
        roster.apply(contents.keys.map { .putKey($0) } + contents.clients.map { .putClient($0) })

        let budget = MintBudget(rate: configuration.mintRate, burst: configuration.mintBurst, clock: clock)
        let minting = RetryingTokenSource(
            BudgetedTokenSource(
                MintingTokenSource(TokenEndpointClient(client), sealer: sealer, clock: clock, chance: chance),
                budget: budget
            ),
            clock: clock, chance: chance
        )
        let cache = CachedTokenSource(
            RecordingTokenSource(minting, store: store, sealer: sealer, clock: clock, logger: logger),
            sealer: sealer, clock: clock, chance: chance, logger: logger
        )
        for token in contents.tokens { cache.adopt(token) }

        let tokens = ProjectTokens(cache, roster: roster, clock: clock)
        let ledger = HandOutLedger(store: store, clock: clock)
        let broker = TokenBroker(roster: roster, tokens: tokens, ledger: ledger, clock: clock)
        return BrokerCore(
            store: store,
            authenticator: ClientAuthenticator(
                roster: roster, sealer: sealer, store: store, clock: clock, logger: logger),
            tokens: tokens,
            broker: broker,
            administrator: Administrator(
                roster: roster, store: store, sealer: sealer, cache: cache, broker: broker, ledger: ledger,
                budget: budget,
                clock: clock, defaultTokenEndpoint: configuration.tokenEndpoint, candidateTokens: minting,
                logger: logger
            )
        )
    }
}
