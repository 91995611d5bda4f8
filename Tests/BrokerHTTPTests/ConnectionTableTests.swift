import Broker
import BrokerTesting
import Synchronization
import Testing

@testable import BrokerHTTP

struct ConnectionTableTests {
    private let network = Peer(.address("10.0.0.1", network: "10.0.0.1"))
    private let other = Peer(.address("10.0.0.2", network: "10.0.0.2"))
    private let client: ClientID
    private let closed = Tally()

    init() throws {
        client = try ClientID("client-1")
    }

    private func enter(
        _ peer: Peer, in table: ConnectionTable
    ) -> (entered: OpenConnection, evicted: OpenConnection?)? {
        table.enter(peer) { [closed] in closed.add() }
    }

    /// Enters connections; returns those that had room.
    @discardableResult private func enter(_ count: Int = 1, from peer: Peer, in table: ConnectionTable)
        -> [OpenConnection]
    {
        (0..<count).compactMap { _ in enter(peer, in: table)?.entered }
    }

    /// The number of the connection that a new one evicts.
    private func evicted(by peer: Peer, in table: ConnectionTable) throws -> UInt64? {
        let (_, evicted) = try #require(enter(peer, in: table))
        return evicted?.number
    }

    @Test func `a connection that is closed makes room`() throws {
        let table = ConnectionTable(capacity: 2)
        let connections = enter(2, from: network, in: table)
        connections[1].remove()
        #expect(table.open == 1)
        #expect(try evicted(by: network, in: table) == nil)
        #expect(table.open == 2)
    }

    @Test func `the oldest connection of the network that holds the most is evicted`() throws {
        let table = ConnectionTable(capacity: 32)
        enter(from: other, in: table)
        let many = enter(31, from: network, in: table)
        #expect(try evicted(by: other, in: table) == many[0].number)
        #expect(table.evicted == 1)
        many[0].remove()
        #expect(try evicted(by: network, in: table) == many[1].number)
        for connection in many.dropFirst() { connection.remove() }
        #expect(table.open == 3)
    }

    @Test func `if all hold as many, the oldest connection of all is evicted`() throws {
        let table = ConnectionTable(capacity: 2)
        let oldest = enter(from: other, in: table)[0]
        enter(from: network, in: table)
        #expect(try evicted(by: network, in: table) == oldest.number)
    }

    @Test func `an evicted connection is closed once, and counts until it is`() {
        let table = ConnectionTable(capacity: 16)
        let connections = enter(16, from: network, in: table)
        enter(2, from: network, in: table)
        #expect(closed.count == 2)
        #expect(table.open == 18)
        #expect(enter(from: network, in: table).isEmpty, "two are about to close, an eighth")
        connections[0].remove()
        #expect(table.open == 17)
        #expect(enter(from: network, in: table).count == 1)
    }

    @Test func `a connection with an authenticated client is not evicted, nor one that awaits an answer`() throws {
        let table = ConnectionTable(capacity: 8)
        let connections = enter(8, from: network, in: table)
        #expect(connections[0].keep(for: client))
        connections[1].awaitsAnswer.store(true, ordering: .relaxed)
        #expect(try evicted(by: network, in: table) == connections[2].number)
        connections[2].remove()
        connections[1].awaitsAnswer.store(false, ordering: .relaxed)
        // The one that got its answer was idle for less time than the others.
        for next in connections[3...] + [connections[1]] {
            #expect(try evicted(by: network, in: table) == next.number)
            next.remove()
        }
    }

    @Test func `where every connection awaits an answer, a new one is refused`() {
        let table = ConnectionTable(capacity: 2)
        for connection in enter(2, from: network, in: table) { connection.awaitsAnswer.store(true, ordering: .relaxed) }
        #expect(enter(from: other, in: table).isEmpty)
        #expect(table.evicted == 0)
    }

    @Test func `a client keeps half of the table, and all clients seven eighths`() throws {
        let table = ConnectionTable(capacity: 32)
        let connections = enter(32, from: network, in: table)
        #expect(connections[..<20].filter { $0.keep(for: client) }.count == 16)
        #expect(try evicted(by: other, in: table) == connections[16].number, "the client keeps sixteen")
        connections[16].remove()
        let kept = try connections[17...].filter { $0.keep(for: try ClientID("c-\($0.number)")) }
        #expect(kept.count == 12)
        #expect(try evicted(by: other, in: table) == connections[29].number, "all keep 28")
        connections[29].remove()
        connections[0].remove()
        enter(from: other, in: table)
        #expect(connections[30].keep(for: client))
        #expect(try evicted(by: other, in: table) == connections[31].number, "another one is kept instead")
    }

    @Test func `a Unix user has a share, and evicts only connections of its own`() throws {
        let table = ConnectionTable(capacity: 32, perUser: 2)
        let users = [Peer(.user(1)), Peer(.user(2))]
        let connections = users.map { enter(2, from: $0, in: table) }
        #expect(try evicted(by: users[1], in: table) == connections[1][0].number)
        connections[1][0].remove()
        #expect(connections[0][0].keep(for: client))
        #expect(connections[0][1].keep(for: client))
        #expect(enter(from: users[0], in: table).isEmpty, "all of its own are in use")
        #expect(try evicted(by: network, in: table) == nil)
    }

    @Test(arguments: [128, 256, 1024, 4096, 65_536])
    func `there are files for everybody, however few there are`(openFiles: Int) {
        let tables = ConnectionTables(openFiles: openFiles)
        func most(_ table: ConnectionTable) -> Int {
            for _ in 0..<(2 * openFiles) { _ = enter(network, in: table) }
            return table.open
        }
        let client = most(tables.client)
        let capacity = min(4096, max(openFiles / 2, openFiles - 512))
        #expect(client == capacity + min(256, capacity / 8))
        let others = most(tables.operations) + most(tables.admin)
        #expect(others >= 16 && client + others + 32 <= openFiles)
    }
}
