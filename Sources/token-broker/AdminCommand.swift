import ArgumentParser
import AsyncHTTPClient
import Broker
import BrokerHTTP
import BrokerSQLite
import BrokerUpstream
import Foundation
import Glibc
import Logging

/// A command that asks something of the broker: of the running one, or of the database where none runs.
protocol AdminCommand: AsyncParsableCommand {
    var settings: Settings { get }
}

extension AdminCommand {
    func perform<Request: AdminRequest>(_ request: Request) async throws -> Request.Reply {
        try await withAdministration(reading: request.extent) { administration in
            try await Progress.shown("waiting for the broker") { try await administration.perform(request) }
        }
    }

    /// - Parameter extent: what the requests must know of the store.
    func withAdministration<Reply: Sendable>(
        reading extent: StoreExtent = .part(), _ body: (any Administration) async throws -> Reply
    ) async throws -> Reply {
        if let reply = try await withRunningBroker(body) { return reply }
        let configuration = try Configuration(settings, findsInstalled: true)
        let client = try UpstreamClient(configuration.upstream)
        let reply = await Result { try await directly(configuration, reading: extent, client, body) }
        try await client.shutdown()
        return try reply.get()
    }

    /// `nil` where no broker runs.
    func withRunningBroker<Reply: Sendable>(
        _ body: (any Administration) async throws -> Reply
    ) async throws -> Reply? {
        let configuration = try Configuration(settings, findsInstalled: true)
        guard case .unix(let path) = configuration.adminSocket, try SocketFile.isListening(path) else { return nil }
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .adminSocket(path, users: configuration.brokerUsers)
        )
        let reply = await Result {
            let broker = AdminSocketClient(client, path: path)
            try await broker.probe()
            return try await body(broker)
        }
        try await client.shutdown()
        return try reply.get()
    }

    private func directly<Reply: Sendable>(
        _ configuration: Configuration, reading extent: StoreExtent, _ client: UpstreamClient,
        _ body: (any Administration) async throws -> Reply
    ) async throws -> Reply {
        // The operator sees what comes of it; the log is the running broker's.
        let (core, store) = try await BrokerCore.open(
            configuration, reading: extent, client: client, clock: SystemClock(), logger: .silent
        )
        let reply = await Result { try await body(Administrator(core, for: .administrator(user: getuid()))) }
        try await core.end()
        try store.close()
        return try reply.get()
    }
}
