import BrokerTesting
import Foundation
import GRDB
import Testing

@testable import Broker
@testable import BrokerSQLite

/// A thousand ways to tamper with the audit log, drawn by lot: each is found, and where.
struct AuditTamperingTests {
    private static let count: Int64 = 60

    @Test func `every single tampering is found, at the first record that it touched`() async throws {
        let broker = try await StoredBroker()
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        for number in 0..<Self.count {
            try await store.record(
                AuditRecord(
                    at: Date(timeIntervalSince1970: 1_800_000_000 + Double(number)), actor: .broker,
                    action: .tokenMinted, project: try ProjectID("project-\(number % 7)")
                )
            )
        }
        try store.close()
        let database = try ProvenDatabase(at: broker.directory.database, masterKey: broker.masterKey)
        var dice = Dice(seed: 17)
        for number in 0..<1000 {
            let tampering = Tampering(of: Self.count, using: &dice)
            let fault = try await database.queue.writeWithoutTransaction { writer in
                var fault: AuditFault?
                try writer.inTransaction {
                    for sql in tampering.statements { try writer.execute(sql: sql) }
                    fault = try database.auditLog.verify(after: nil, anchor: nil, in: writer).fault
                    return .rollback
                }
                return fault
            }
            #expect(fault?.first == tampering.first, "number \(number): \(tampering.statements)")
        }
        #expect(try await database.queue.read { try database.auditLog.verify(after: nil, anchor: nil, in: $0) }.isWhole)
    }
}

private struct Tampering {
    let statements: [String]
    /// The first record that is not as it was, or not where it was.
    let first: Int64

    init(of count: Int64, using dice: inout Dice) {
        let one = Int64.random(in: 1...count, using: &dice)
        let other = Int64.random(in: 1...count, using: &dice)
        let (low, high) = (min(one, other), max(one, other))
        let columns = "at, actor, action, project_id, key_id, client_id, token, outcome, chain"
        switch Int.random(in: 0..<10, using: &dice) {
        case 0:
            statements = ["DELETE FROM audit_log WHERE sequence BETWEEN \(low) AND \(high)"]
            first = low
        case 1:
            statements = ["DELETE FROM audit_log WHERE sequence >= \(one)"]
            first = one
        case 2:
            let column = ["actor", "action", "outcome", "key_id", "client_id", "project_id"].randomElement(
                using: &dice)!
            statements = ["UPDATE audit_log SET \(column) = coalesce(\(column), '') || 'x' WHERE sequence = \(one)"]
            first = one
        case 3:
            let bit = [-1, 1, 1000].randomElement(using: &dice)!
            statements = ["UPDATE audit_log SET at = at + \(bit) WHERE sequence = \(one)"]
            first = one
        case 4:
            statements = ["UPDATE audit_log SET chain = randomblob(32) WHERE sequence = \(one)"]
            first = one
        case 5 where low < high:
            statements = [
                "UPDATE audit_log SET sequence = -1 WHERE sequence = \(low)",
                "UPDATE audit_log SET sequence = \(low) WHERE sequence = \(high)",
                "UPDATE audit_log SET sequence = \(high) WHERE sequence = -1",
            ]
            first = low
        case 6 where one < count:
            statements = [
                "DELETE FROM audit_log WHERE sequence = \(one)",
                "UPDATE audit_log SET sequence = sequence - 1 WHERE sequence > \(one)",
            ]
            first = one
        case 7:
            statements = [
                "INSERT INTO audit_log SELECT \(count + 1), \(columns) FROM audit_log WHERE sequence = \(one)"
            ]
            first = count + 1
        case 8:
            statements = [
                "DELETE FROM audit_log WHERE sequence > \(one)",
                """
                UPDATE audit_marks SET sequence = \(one), code = randomblob(32),
                chain = (SELECT chain FROM audit_log WHERE sequence = \(one))
                """,
            ]
            first = one
        default:
            statements = ["UPDATE audit_marks SET code = randomblob(32)"]
            first = count
        }
    }
}
