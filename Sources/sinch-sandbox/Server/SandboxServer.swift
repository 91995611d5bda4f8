import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import ServiceLifecycle

/// The sandbox behind HTTP and, if asked for, HTTPS, on loopback.
package struct SandboxServer: Service {
    /// Where to listen; port 0 is any that is free.
    package struct Configuration: Sendable {
        package var host = LoopbackAddress.ipv4
        package var port = 0
        /// Without a port, there is no HTTPS.
        package var httpsPort: Int?
        /// What is wrong with HTTPS, if anything is.
        package var tlsFault: TLSFault?
        /// Where to write the certificate that clients of HTTPS are to trust.
        package var caFile: String?

        package init() {}
    }

    private let sandbox: Sandbox
    private let configuration: Configuration
    private let logger: Logger
    private let onReady: @Sendable (Addresses) async -> Void

    /// - Parameter onReady: called once, when all listeners are bound
    package init(
        _ sandbox: Sandbox,
        configuration: Configuration,
        logger: Logger,
        onReady: @escaping @Sendable (Addresses) async -> Void
    ) {
        self.sandbox = sandbox
        self.configuration = configuration
        self.logger = logger
        self.onReady = onReady
    }

    package func run() async throws {
        let listeners = try listeners()
        // Side by side and not one after the other, so that they end side by side too.
        try await withThrowingTaskGroup { group in
            for listener in listeners {
                group.addTask { try await listener.run() }
            }
            while try await group.next() != nil {}
        }
    }

    private func listeners() throws -> [any Service] {
        let ports = BoundPorts(host: configuration.host, expectsHTTPS: configuration.httpsPort != nil)
        let http = Application(
            responder: Router.sandbox(sandbox, listener: .http).buildResponder(),
            configuration: addressed(configuration.port),
            onServerRunning: announcing(.http, in: ports),
            logger: logger
        )
        guard let httpsPort = configuration.httpsPort else { return [http] }

        let https = Application(
            responder: Router.sandbox(sandbox, listener: .https).buildResponder(),
            server: try tlsServer(),
            configuration: addressed(httpsPort),
            onServerRunning: announcing(.https, in: ports),
            logger: logger
        )
        return [http, https]
    }

    private func tlsServer() throws -> HTTPServerBuilder {
        // Certificates are checked against the real time, whatever clock the sandbox runs on.
        let now = Date()
        let trusted = try CertificateAuthority(at: now)
        if let caFile = configuration.caFile {
            try Data(trusted.pem.utf8).write(to: URL(fileURLWithPath: caFile), options: .atomic)
        }
        let fault = configuration.tlsFault
        if fault == .silent {
            return HTTPServerBuilder { [sandbox] _ in SilentChannel(sandbox: sandbox) }
        }
        let issuer = fault == .unknownAuthority ? try CertificateAuthority(at: now) : trusted
        return try .tls(tlsConfiguration: .sandbox(issuedBy: issuer, fault: fault, at: now))
    }

    private func addressed(_ port: Int) -> ApplicationConfiguration {
        ApplicationConfiguration(address: .hostname(configuration.host.rawValue, port: port), backlog: 4096)
    }

    private func announcing(
        _ scheme: Scheme, in ports: BoundPorts
    ) -> @Sendable (any Channel) async -> Void {
        { [onReady] channel in
            // Thousands of connections may come at once; NIO would accept four of them in a turn.
            try? await channel.setOption(.maxMessagesPerRead, value: 256).get()
            guard let port = channel.localAddress?.port, let addresses = ports.bound(scheme, port: port) else { return }
            await onReady(addresses)
        }
    }
}
