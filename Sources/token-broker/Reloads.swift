import Broker
import BrokerHTTP
import BrokerUpstream
import Logging
import NIOPosix
import ServiceLifecycle

/// Something that follows changes of files.
protocol Reloadable: Sendable {
    /// What the files are for, in messages.
    static var files: String { get }

    /// Reads the files again, and blocks meanwhile. If they cannot be used, their old contents stay in use.
    ///
    /// - Returns: whether they have changed.
    func reload() throws -> Bool
}

extension ListenerTLS: Reloadable {
    static var files: String { "the TLS files of the listeners" }
}

extension UpstreamClient: Reloadable {
    static var files: String { "the files for token endpoints" }
}

/// Reads files again every ten seconds, and on SIGHUP.
struct Reloads: Service {
    /// How long it takes at most until a change of a file has its effect.
    private static let interval: Duration = .seconds(10)

    let all: [any Reloadable]
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.interval)
                for one in all { _ = await reload(one) }
            }
        }
    }

    func onHangup() async {
        var hasLogged = false
        for one in all { hasLogged = await reload(one) || hasLogged }
        if !hasLogged { logger.log(.certificatesUnchanged, "SIGHUP: no file has changed") }
    }

    /// Returns whether there was something to log.
    private func reload(_ one: some Reloadable) async -> Bool {
        let files = type(of: one).files
        do {
            let hasChanged = try await NIOThreadPool.singleton.runIfActive { try one.reload() }
            if hasChanged { logger.log(.certificatesChanged, "\(files) have changed and are in use") }
            return hasChanged
        } catch {
            logger.log(
                .certificatesUnusable, level: .error, "\(files) cannot be used: their old contents stay in use",
                ["reason": "\(error.reason)"]
            )
            return true
        }
    }
}
