import Broker
package import Logging
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The TLS of the listeners that other machines reach: certificates that are read anew when their files change.
package final class ListenerTLS: Service {
    private struct State {
        var contents: TLSFiles.Contents
        var configuration: TLSConfiguration
    }

    /// How long after its files a certificate changes at the latest.
    private static let interval: Duration = .seconds(10)

    private let files: TLSFiles
    private let logger: Logger
    /// Guards what is in the files, and what that means.
    private let state: Mutex<State>

    /// Throws ``OperatorError`` when the files cannot be used.
    package init(_ files: TLSFiles, logger: Logger) throws {
        self.files = files
        self.logger = logger
        let contents = try files.contents()
        state = Mutex(State(contents: contents, configuration: try files.configuration(contents)))
    }

    var security: ListenerSecurity { files.haveClientAuthorities ? .mutualTLS : .tls }

    /// A context of its own for each connection: none has a key for another's session tickets. BoringSSL resumes a
    /// session for days without a look at the client certificate that it began with.
    func context() throws -> NIOSSLContext {
        try NIOSSLContext(configuration: state.withLock(\.configuration))
    }

    /// Looks at the files again and again.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown { [self] in
            while true {
                try await Task.sleep(for: Self.interval)
                await reload()
            }
        }
    }

    /// Takes over what has changed; what cannot be used changes nothing.
    package func reload() async {
        do {
            let hasChanged = try await NIOThreadPool.singleton.runIfActive { [self] in
                let contents = try files.contents()
                guard contents != state.withLock(\.contents) else { return false }
                let configuration = try files.configuration(contents)
                state.withLock { $0 = State(contents: contents, configuration: configuration) }
                return true
            }
            if hasChanged { logger.log(.certificatesChanged, "new certificates are in use") }
        } catch {
            logger.log(
                .certificatesUnusable, level: .error, "new certificates cannot be used: the old ones stay",
                ["reason": "\(error.reason)"]
            )
        }
    }
}
