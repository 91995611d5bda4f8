import Broker
import BrokerSQLite
import BrokerUpstream
import Logging

extension BrokerCore {
    /// The broker on its real adapters: what `serve` serves, and what the admin command works on when no broker runs.
    static func open(
        _ configuration: Configuration, reading extent: StoreExtent = .everything, client: UpstreamClient,
        clock: any BrokerClock, logger: Logger
    ) async throws -> (core: BrokerCore, store: SQLiteStore) {
        let (store, sealer) = try SQLiteStore.open(in: configuration.directory, masterKey: configuration.masterKey)
        store.migration?.log(to: logger)
        if !store.closedToGroup.isEmpty {
            logger.log(
                .filesClosed, "the group of these files could read or write them: that right is withdrawn",
                ["files": "\(store.closedToGroup.joined(separator: ", "))"]
            )
        }
        let core = try await BrokerCore(
            store: store, reading: extent, sealer: sealer, endpoint: TokenEndpointClient(client, clock: clock),
            policy: Policy(
                defaultTokenEndpoint: configuration.tokenEndpoint, mintRate: configuration.mintRate,
                mintBurst: configuration.mintBurst, auditRetention: configuration.auditRetention
            ),
            clock: clock, random: { Double.random(in: 0..<1) }, logger: logger
        )
        return (core, store)
    }
}
