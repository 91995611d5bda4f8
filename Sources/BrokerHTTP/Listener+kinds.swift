package import Logging

extension Listener {
    /// The listener for services that fetch tokens.
    ///
    /// - Parameter allowedHosts: names that it goes by besides the loopback ones.
    package static func client(
        on address: ListenAddress, _ client: ClientRoutes, allowedHosts: Set<String>, readiness: Readiness,
        logger: Logger
    ) -> Listener {
        Listener(
            .client, on: address, routes: client.routes, allowedHosts: allowedHosts, readiness: readiness,
            logger: logger)
    }

    /// The listener for probes and monitoring.
    package static func operations(
        on address: ListenAddress, _ operations: OperationsRoutes, allowedHosts: Set<String>, readiness: Readiness,
        logger: Logger
    ) -> Listener {
        Listener(
            .operations, on: address, routes: operations.routes, allowedHosts: allowedHosts, readiness: readiness,
            logger: logger
        )
    }

    /// The listener for the admin command.
    package static func admin(
        on address: ListenAddress, _ admin: AdminRoutes, readiness: Readiness, logger: Logger
    ) -> Listener {
        Listener(.admin, on: address, routes: admin.routes, readiness: readiness, logger: logger)
    }
}
