import ArgumentParser
import AsyncHTTPClient
import Broker
import BrokerHTTP
import BrokerSQLite
import Foundation
import Glibc
import Logging

/// A command that asks something of the broker: of the running one, or of the database where none runs.
protocol AdminCommand: AsyncParsableCommand {
    var settings: Settings { get }
}

extension AdminCommand {
    func perform<Request: AdminRequest>(_ request: Request) async throws -> Request.Reply {
        let configuration = try Configuration(settings)
        if case .unix(let path) = configuration.adminSocket, try SocketFile.isListening(path) {
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            let reply = await Result { try await AdminSocketClient(client, path: path).perform(request) }
            try await client.shutdown()
            return try reply.get()
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration.upstream)
        let reply = await Result { try await directly(request, configuration, client) }
        try await client.shutdown()
        return try reply.get()
    }

    private func directly<Request: AdminRequest>(
        _ request: Request, _ configuration: Configuration, _ client: HTTPClient
    ) async throws -> Request.Reply {
        // The operator sees what comes of it; the log is the running broker's.
        let logger = Logger(label: "token-broker") { _ in SwiftLogNoOpLogHandler() }
        let (core, store) = try await BrokerCore.open(
            configuration, reading: request.extent, client: client, clock: SystemClock(), logger: logger
        )
        let administrator = Administrator(core, for: .administrator(user: getuid()))
        let reply = await Result { try await administrator.perform(request) }
        try await core.flights.drained()
        await core.housekeeping.runOnce()
        try store.close()
        return try reply.get()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
