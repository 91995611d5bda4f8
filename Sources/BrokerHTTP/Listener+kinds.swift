package import Logging

extension Listener {
    /// The listener for services that fetch tokens.
    ///
    /// - Parameters:
    ///   - allowedHosts: names that it goes by besides the loopback ones.
    ///   - tls: for a listener beyond loopback.
    ///   - limits: shared by all of a broker's listeners.
    package static func client(
        on address: ListenAddress, _ client: ClientRoutes, allowedHosts: Set<String>, tls: ListenerTLS?,
        limits: ConnectionLimits, readiness: Readiness, logger: Logger
    ) -> Listener {
        let tls = address.isLoopback ? nil : tls
        return Listener(
            .client, on: address, routes: client.routes(tls?.security ?? .none), allowedHosts: allowedHosts, tls: tls,
            limit: limits.client, readiness: readiness, logger: logger
        )
    }

    /// The listener for probes and monitoring.
    package static func operations(
        on address: ListenAddress, _ operations: OperationsRoutes, allowedHosts: Set<String>, limits: ConnectionLimits,
        readiness: Readiness, logger: Logger
    ) -> Listener {
        Listener(
            .operations, on: address, routes: operations.routes, allowedHosts: allowedHosts, limit: limits.operations,
            readiness: readiness, logger: logger
        )
    }

    /// The listener for the admin command.
    package static func admin(
        on address: ListenAddress, _ admin: AdminRoutes, limits: ConnectionLimits, readiness: Readiness, logger: Logger
    ) -> Listener {
        Listener(
            .admin, on: address, routes: admin.routes, limit: limits.admin, readiness: readiness, logger: logger
        )
    }
}
