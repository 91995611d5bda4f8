import Broker
import Testing

@testable import BrokerHTTP

/// A client's connections in a full table: which of them are evicted.
@MainActor struct KeptConnectionTests {
    private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private let peer = Peer(.address("127.0.0.1", network: "loopback"))
    /// A client keeps one of its connections.
    private let table = ConnectionTable(capacity: 2)

    private func enter() throws -> (entered: OpenConnection, evicted: OpenConnection?) {
        let entry = table.enter(peer) {}
        return try #require(entry)
    }

    @Test func `a connection is kept once an answer on it went the whole way`() async throws {
        let listener = try await TestListener()
        let (kept, other) = (try enter().entered, try enter().entered)
        let connection = try listener.connect(peer, as: kept)
        connection.send(Self.request)
        _ = try await connection.goTheWholeWay()
        #expect(try enter().evicted === other)
    }

    @Test func `a connection is kept whose answers all come from the cache`() async throws {
        let listener = try await TestListener()
        _ = try await listener.learn(Self.request)
        let (kept, other) = (try enter().entered, try enter().entered)
        let connection = try listener.connect(peer, as: kept)
        connection.send(Self.request)
        #expect(connection.requestsPassedOn == 0)
        #expect(try enter().evicted === other)
    }

    @Test func `a connection beyond the client's share is kept once there is room`() async throws {
        let listener = try await TestListener()
        _ = try await listener.learn(Self.request)
        let open = [try enter().entered, try enter().entered]
        let connections = try open.map { try listener.connect(peer, as: $0) }
        for connection in connections { connection.send(Self.request) }
        open[0].remove()
        connections[1].send(Self.request)
        let newer = try enter().entered
        #expect(try enter().evicted === newer)
    }
}
