import Broker
import BrokerTesting
import Foundation
import Testing

@testable import BrokerSQLite

struct WALGenerationTests {
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
    private func newest(_ broker: StoredBroker, database: Data, wal: Data) async throws -> Int64 {
        try database.write(to: URL(fileURLWithPath: broker.directory.database))
        try wal.write(to: URL(fileURLWithPath: broker.directory.database + "-wal"))
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        let newest = try await store.auditLog(AuditListing(limit: 1)).newest
        try store.close()
        return newest
    }

    @Test func `a killed broker starts at any moment, and never with another moment's database file`() async throws {
        let broker = try await StoredBroker()
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
        #expect(Set(snapshots.map(\.database)).count > 2)
        for one in snapshots {
            for other in snapshots {
                if one.database == other.database {
                    #expect(try await newest(broker, database: one.database, wal: other.wal) == other.newest)
                    continue
                }
                let error = await #expect(throws: OperatorError.self) {
                    try await newest(broker, database: one.database, wal: other.wal)
                }
                #expect(
                    error?.message.contains("was written for another file") ?? false, "\(String(describing: error))")
            }
        }
    }
}
