import Broker
import Futures
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// One address that is listened on, with what is answered there.
package struct Listener: Service {
    package enum Kind: String, Sendable {
        case client, operations, admin

        /// Who may connect to the listener's socket file.
        fileprivate var socketMode: UInt32 { self == .admin ? 0o600 : 0o660 }

        /// Of a request.
        fileprivate var largestBody: Int { self == .admin ? AdminRoutes.largestRequest : 16 << 10 }
    }

    /// How long a response that is not valid any more may be kept.
    private static let sweep: Duration = .seconds(10)

    private let kind: Kind
    private let address: ListenAddress
    private let routes: Routes
    private let allowedHosts: Set<String>
    private let tls: ListenerTLS?
    private let connections: ConnectionTable
    private let readiness: Readiness
    private let logger: Logger

    init(
        _ kind: Kind, on address: ListenAddress, routes: Routes, allowedHosts: Set<String> = [],
        tls: ListenerTLS? = nil,
        connections: ConnectionTable, readiness: Readiness, logger: Logger
    ) {
        self.kind = kind
        self.address = address
        self.routes = routes
        self.allowedHosts = allowedHosts
        self.tls = tls
        self.connections = connections
        self.readiness = readiness
        self.logger = logger
    }

    package func run() async throws {
        try await run {}
    }

    /// - Parameter onListening: called once connections are accepted.
    fileprivate func run(onListening: @escaping @Sendable () -> Void) async throws {
        var bind = BindAddress.hostname()
        var mode: BindingMode?
        switch address {
        case .tcp(let host, let port):
            bind = .hostname(host, port: port)
        case .unix(let path):
            try SocketFile.clear(path)
            bind = .unixDomainSocket(path: path)
            mode = BindingMode(kind.socketMode)
        }
        defer { mode?.end() }
        let silent = Logger.silent
        let cache = kind == .client ? ResponseCache() : nil
        let drain = Drain(of: address)
        let hosts = HostRule(on: address, isSecured: tls != nil, allowed: allowedHosts)
        let log = RequestLog(of: kind, logger: logger)
        let pipeline = ConnectionPipeline(
            responder: Responder(routes: routes, hosts: hosts, hasPage: kind == .operations, log: log),
            log: log,
            cache: cache,
            largestBody: kind.largestBody,
            tls: tls, connections: connections, drain: drain
        )
        let server = Server(
            childChannelSetup: pipeline,
            configuration: ServerConfiguration(address: bind, backlog: 1024, availableConnectionsDelegate: drain),
            onServerRunning: { [mode] channel in
                mode?.end()
                drain.isListening(on: channel)
                await announce(channel)
                onListening()
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: silent
        )
        try await withThrowingTaskGroup { group in
            if let cache { group.addTask { try await sweep(cache) } }
            defer { group.cancelAll() }
            do {
                try await drain.run(server, logger: silent)
            } catch let error as IOError {
                throw OperatorError(
                    .unavailable, "cannot listen on \(address): \(error.connectionReason)",
                    hint: address.hint(forBinding: error.errnoCode)
                )
            } catch is SocketAddressError.UnknownHost {
                throw OperatorError(
                    .unavailable, "cannot listen on \(address): the name has no address",
                    hint: "name an address of this machine, localhost, or * for all addresses"
                )
            }
        }
    }

    private func sweep(_ cache: ResponseCache) async throws {
        while true {
            try await Task.sleep(for: Self.sweep)
            cache.removeInvalid()
        }
    }

    private func announce(_ channel: any Channel) async {
        // Evicted connections are closed a turn of the event loop after the batch that evicts them.
        let batch = min(16, connections.mostLeaving / 2 + 1)
        try? await channel.setOption(.maxMessagesPerRead, value: UInt(batch)).get()
        try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(AcceptPaceHandler(batch: batch), position: .first)
        }.get()
        var bound = address
        if case .tcp(let host, _) = address, let port = channel.localAddress?.port {
            bound = .tcp(host: host, port: port)
        }
        logger.log(
            .listenerBound, "listening",
            ["listener": "\(kind.rawValue)", "address": "\(bound)", "tls": .stringConvertible(tls != nil)]
        )
        if tls == nil, kind == .client, !address.isLoopback {
            logger.log(
                .listenerInTheClear, level: .warning,
                "tokens and client secrets cross the network in the clear: --tls-certificate-file secures it",
                ["address": "\(bound)"]
            )
        }
        readiness.bound(address.description)
    }
}

/// Listeners that start together and drain together.
package struct Listeners: Service {
    private let all: [Listener]

    package init(_ all: [Listener]) {
        self.all = all
    }

    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for listener in all {
                let start = Future<Void>()
                group.addTask {
                    do {
                        try await listener.run { start.complete(with: .success(())) }
                        start.complete(with: .success(()))
                    } catch {
                        start.complete(with: .failure(error))
                        throw error
                    }
                }
                // The mode of a Unix socket is the process's as long as it is being bound.
                try await start.value()
            }
            // One after the other: the first that fails takes the others down.
            while try await group.next() != nil {}
        }
    }
}
