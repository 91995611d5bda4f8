import Broker
import BrokerHTTP
import BrokerUpstream
import Logging
import ServiceLifecycle

/// Something that follows changes of files.
protocol Reloadable: Sendable {
    /// Reads the files again.
    ///
    /// - Returns: whether there was something to log: new contents, or contents that cannot be used.
    func reload() async -> Bool
}

extension ListenerTLS: Reloadable {}
extension UpstreamClient: Reloadable {}

/// Reads files again every ten seconds, and on SIGHUP.
struct Reloads: Service {
    /// How long after a file has changed the change has its effect at the latest.
    private static let interval: Duration = .seconds(10)

    let all: [any Reloadable]
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.interval)
                for one in all { _ = await one.reload() }
            }
        }
    }

    func onHangup() async {
        var hasLogged = false
        for one in all { hasLogged = await one.reload() || hasLogged }
        if !hasLogged { logger.log(.certificatesUnchanged, "SIGHUP: no certificate and no other file has changed") }
    }
}
