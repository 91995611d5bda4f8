import BrokerTesting
import Foundation
import GRDB
import Testing

@testable import Broker
@testable import BrokerSQLite

/// Whoever changes the audit log without its key is found out, and so is where.
struct AuditLogTests {
    private let broker: StoredBroker

    init() async throws {
        broker = try await StoredBroker()
        try await record(10)
    }

    private func record(_ count: Int) async throws {
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        // At the same time: a long log is not written one wait for the disk after the other.
        try await withThrowingTaskGroup { group in
            for number in 0..<count {
                let project = number.isMultiple(of: 3) ? nil : try ProjectID("project-\(number)")
                let at = Date(timeIntervalSince1970: 1_800_000_000 + Double(number))
                let record = AuditRecord(at: at, actor: .broker, action: .tokenMinted, project: project)
                group.addTask { try await store.record(record) }
            }
            try await group.waitForAll()
        }
        try store.close()
    }

    private func proof(after position: AuditPosition? = nil, anchor: AuditPosition? = nil) async throws -> AuditProof {
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        defer { try? store.close() }
        return try await store.verifyAuditLog(after: position, anchor: anchor)
    }

    private func tamper(_ sql: String) throws {
        try DatabaseQueue(path: broker.directory.database).inDatabase { try $0.execute(sql: sql) }
    }

    @Test func `a log that nobody touched is whole`() async throws {
        let proof = try await proof()
        #expect(proof.isWhole && proof.fault == nil)
        #expect((proof.first, proof.anchor.sequence, proof.end) == (1, 10, 10))
        #expect(try await self.proof(after: proof.anchor) == proof)
    }

    @Test func `a long log is verified in parts`() async throws {
        try await record(2500)
        let first = try await proof()
        #expect(!first.isWhole && first.fault == nil && first.anchor.sequence < first.end)
        let second = try await proof(after: first.anchor)
        #expect(second.isWhole && second.anchor.sequence == 2510)
    }

    @Test(
        arguments: [
            ("DELETE FROM audit_log WHERE sequence = 1", .missing, 1, 1),
            ("DELETE FROM audit_log WHERE sequence BETWEEN 4 AND 6", .missing, 4, 6),
            ("DELETE FROM audit_log WHERE sequence > 8", .missing, 9, 10),
            ("DELETE FROM audit_log", .missing, 1, 10),
            ("UPDATE audit_log SET outcome = 'x' WHERE sequence = 5", .changed, 5, 5),
            ("UPDATE audit_log SET project_id = '' WHERE sequence = 1", .changed, 1, 1),
            ("UPDATE audit_log SET chain = zeroblob(32) WHERE sequence = 10", .changed, 10, 10),
            (
                """
                UPDATE audit_log SET sequence = 100 WHERE sequence = 3; UPDATE audit_log SET sequence = 3 WHERE sequence = 4;
                UPDATE audit_log SET sequence = 4 WHERE sequence = 100
                """, .changed, 3, 3
            ),
            (
                "DELETE FROM audit_log WHERE sequence = 3; UPDATE audit_log SET sequence = sequence - 1 WHERE sequence > 3",
                .changed, 3, 3
            ),
            (
                """
                INSERT INTO audit_log SELECT 11, at, actor, action, project_id, key_id, client_id, token, outcome, chain
                FROM audit_log WHERE sequence = 10
                """, .changed, 11, 11
            ),
            (
                """
                INSERT INTO audit_log SELECT 0, at, actor, action, project_id, key_id, client_id, token, outcome, chain
                FROM audit_log WHERE sequence = 10
                """, .added, 0, 0
            ),
            ("DELETE FROM audit_marks", .mark, 10, 10),
            ("UPDATE audit_marks SET sequence = 9", .mark, 10, 10),
            (
                """
                DELETE FROM audit_log WHERE sequence > 8; UPDATE audit_marks SET sequence = 8,
                chain = (SELECT chain FROM audit_log WHERE sequence = 8)
                """, .mark, 8, 8
            ),
            (
                """
                INSERT INTO audit_marks SELECT 'start', 3, (SELECT chain FROM audit_log WHERE sequence = 3), code, registry
                FROM audit_marks; DELETE FROM audit_log WHERE sequence <= 3
                """, .mark, 0, 0
            ),
        ] as [(String, AuditFault.Kind, Int64, Int64)])
    func `the first record that is not the broker's is named`(
        tampering: String, kind: AuditFault.Kind, first: Int64, last: Int64
    ) async throws {
        try tamper(tampering)
        let proof = try await proof()
        #expect(proof.fault == AuditFault(kind, first: first, last: last))
        #expect(!proof.isWhole)
    }

    @Test(arguments: [
        ("DELETE FROM audit_log WHERE sequence > 8", AuditFault(.missing, first: 9, last: 10)),
        ("DELETE FROM audit_marks", AuditFault(.mark, first: 11)),
        (
            "DELETE FROM audit_log WHERE sequence > 8; DELETE FROM audit_marks", AuditFault(.mark, first: 9)
        ),
        ("UPDATE audit_log SET outcome = 'x' WHERE sequence = 10", AuditFault(.changed, first: 10)),
    ])
    func `what was done before a start is found after it, for ever`(tampering: String, fault: AuditFault) async throws {
        try tamper(tampering)
        try await record(5)
        #expect(try await proof().fault == fault)
        try await record(5)
        #expect(try await proof().fault == fault)
    }

    @Test func `a mark that was set back to an earlier one shows`() async throws {
        let earlier = try DatabaseQueue(path: broker.directory.database).inDatabase {
            try Row.fetchAll($0, sql: "SELECT * FROM audit_marks")
        }
        try await record(2)
        try DatabaseQueue(path: broker.directory.database).inDatabase { database in
            for row in earlier {
                try database.execute(
                    sql: "UPDATE audit_marks SET sequence = ?, chain = ?, code = ? WHERE place = ?",
                    arguments: [row["sequence"], row["chain"], row["code"], row["place"]] as StatementArguments
                )
            }
        }
        #expect(try await proof().fault == AuditFault(.added, first: 12))
        try await record(1)
        #expect(try await proof().fault == AuditFault(.mark, first: 13))
    }

    @Test func `a place in the log reads as it is written`() async throws {
        let position = try await proof().anchor
        #expect(AuditPosition("\(position)") == position)
        for text in ["", "12", "x.AAAA", "12.!", "12.AAAA.AAAA"] {
            #expect(AuditPosition(text) == nil, "\(text)")
        }
    }

    @Test func `a change of the schema is recorded`() async throws {
        let old = try StoredBroker(golden: "schema-4", at: Date(timeIntervalSince1970: 1_795_629_520))
        let (store, _) = try SQLiteStore.open(in: old.directory, masterKey: old.masterKey)
        #expect(store.migration?.action == .databaseMigrated)
        let newest = try #require(try await store.auditLog(AuditListing(limit: 1)).entries.first)
        #expect((newest.action, newest.outcome) == ("database.migrated", "schema \(SQLiteStore.schema)"))
        #expect(try await store.verifyAuditLog(after: nil, anchor: nil).isWhole)
        try store.close()
        let (again, _) = try SQLiteStore.open(in: old.directory, masterKey: old.masterKey)
        #expect(again.migration == nil)
        try again.close()
    }
}
