package import Logging

extension Listener {
    /// The listener for services that fetch tokens.
    ///
    /// - Parameters:
    ///   - allowedHosts: names that it goes by besides the loopback ones.
    ///   - tls: for a listener beyond loopback.
    ///   - connections: shared by all of a broker's listeners.
    package static func client(
        on address: ListenAddress, _ client: ClientRoutes, allowedHosts: Set<String>, tls: ListenerTLS?,
        connections: ConnectionTables, readiness: Readiness, logger: Logger
    ) -> Listener {
        let tls = address.isLoopback ? nil : tls
        return Listener(
            .client, on: address, routes: client.routes(tls?.security ?? .none), allowedHosts: allowedHosts, tls: tls,
            connections: connections.client, readiness: readiness, logger: logger
        )
    }

    /// The listener for probes and monitoring.
    package static func operations(
        on address: ListenAddress, _ operations: OperationsRoutes, allowedHosts: Set<String>,
        connections: ConnectionTables,
        readiness: Readiness, logger: Logger
    ) -> Listener {
        Listener(
            .operations, on: address, routes: operations.routes, allowedHosts: allowedHosts,
            connections: connections.operations,
            readiness: readiness, logger: logger
        )
    }

    /// The listener for the admin command.
    package static func admin(
        on address: ListenAddress, _ admin: AdminRoutes, connections: ConnectionTables, readiness: Readiness,
        logger: Logger
    ) -> Listener {
        Listener(
            .admin, on: address, routes: admin.routes, connections: connections.admin, readiness: readiness,
            logger: logger
        )
    }
}
