import Broker
import BrokerTesting
import Foundation
import Testing

@testable import BrokerSQLite

struct WALGenerationTests {
    private let broker: StoredBroker

    init() async throws {
        broker = try await StoredBroker()
    }

    /// The bytes of a database file and of its WAL at one moment.
    private struct Snapshot {
        let database: Data
        let wal: Data
        let newest: Int64

        init(of directory: DataDirectory, newest: Int64) throws {
            database = try Data(contentsOf: URL(fileURLWithPath: directory.database))
            wal = try Data(contentsOf: URL(fileURLWithPath: directory.database + "-wal"))
            self.newest = newest
        }
    }

    /// Replaces the broker's files, and returns the newest audit record that a start finds.
    private func newest(database: Data, wal: Data) async throws -> Int64 {
        try database.write(to: URL(fileURLWithPath: broker.directory.database))
        try wal.write(to: URL(fileURLWithPath: broker.directory.database + "-wal"))
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        let newest = try await store.auditLog(AuditListing(limit: 1)).newest
        try store.close()
        return newest
    }

    /// At the end the broker is stopped.
    @Test func `a killed broker starts at any moment, and never with another moment's database file`() async throws {
        var snapshots: [Snapshot] = []
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        let outcome = String(repeating: "x", count: 3000)
        let record = AuditRecord(at: Date(), actor: .broker, action: .keyVerified, outcome: outcome)
        for _ in 1...14 {
            // About 400 pages: after every third commit the WAL is written back and begins again.
            try await store.commit([], recording: Array(repeating: record, count: 400))
            let newest = try await store.auditLog(AuditListing(limit: 1)).newest
            snapshots.append(try Snapshot(of: broker.directory, newest: newest))
        }
        try store.close()
        let closed = try Data(contentsOf: URL(fileURLWithPath: broker.directory.database))
        #expect(Set(snapshots.map(\.database)).count > 2)
        for one in snapshots {
            for other in snapshots {
                if one.database == other.database {
                    #expect(try await newest(database: one.database, wal: other.wal) == other.newest)
                    continue
                }
                await expectRefusal(of: one.database, with: other.wal)
            }
            await expectRefusal(of: closed, with: one.wal)
        }
    }

    private func expectRefusal(of database: Data, with wal: Data) async {
        let error = await #expect(throws: OperatorError.self) { try await newest(database: database, wal: wal) }
        #expect(error?.message.contains("was written for another file") ?? false, "\(String(describing: error))")
    }
}
