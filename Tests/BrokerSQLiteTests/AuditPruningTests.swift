import BrokerTesting
import Foundation
import GRDB
import Testing

@testable import Broker
@testable import BrokerSQLite

/// What is old goes, what is left can be proven, and whoever wants to know finds it.
struct AuditPruningTests {
    private static let begin = Date(timeIntervalSince1970: 1_800_000_000)
    private let broker: StoredBroker

    /// Record 1 is from the beginning, and each other one from a second later.
    init() async throws {
        broker = try await StoredBroker()
        try await withStore { store in
            for number in 0..<20 {
                try await store.record(
                    try AuditRecord(
                        at: Self.begin + Double(number),
                        actor: number.isMultiple(of: 2) ? .broker : .client(ClientID("client-1")),
                        action: number.isMultiple(of: 2) ? .tokenMinted : .clientGranted,
                        project: ProjectID("project-\(number % 4)"), key: number == 3 ? KeyID("key-3") : nil
                    )
                )
            }
        }
    }

    @discardableResult
    private func withStore<Value>(_ body: (SQLiteStore) async throws -> Value) async throws -> Value {
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        defer { try? store.close() }
        return try await body(store)
    }

    private func prune(_ store: SQLiteStore, before seconds: Double, goesOn: Bool = false) async throws
        -> AuditPruning.Reply
    {
        let record = AuditRecord(at: Self.begin + 100, actor: .broker, action: .auditPruned, outcome: "before")
        return try await store.pruneAuditLog(before: Self.begin + seconds, recording: record, goesOn: goesOn)
    }

    private func tamper(_ sql: String) throws {
        try DatabaseQueue(path: broker.directory.database).inDatabase { try $0.execute(sql: sql) }
    }

    private func list(_ filter: AuditFilter, after: Int64? = nil, limit: Int = 100) async throws -> [Int64] {
        try await withStore { store in
            try await store.auditLog(AuditListing(filter, after: after, limit: limit)).entries.map(\.sequence)
        }
    }

    @Test func `what is left is whole, and begins where it says`() async throws {
        try await withStore { store in
            let reply = try await prune(store, before: 10)
            #expect((reply.removed, reply.first, reply.isComplete, reply.fault) == (10, 11, true, nil))
            let proof = try await store.verifyAuditLog(after: nil, anchor: nil)
            #expect((proof.first, proof.end, proof.isWhole) == (11, 21, true))
            let newest = try #require(try await store.auditLog(AuditListing(limit: 1)).entries.first)
            #expect((newest.action, newest.outcome) == ("audit.pruned", "before"))
        }
    }

    @Test func `nothing that is too young goes, and no record says that it did`() async throws {
        try await withStore { store in
            let reply = try await prune(store, before: 0)
            #expect(reply.removed == 0 && reply.isComplete)
            #expect(try await store.auditLog(AuditListing(limit: 1)).newest == 20)
        }
    }

    @Test func `the newest record stays, however old it is`() async throws {
        try await withStore { store in
            #expect(try await prune(store, before: 1000).removed == 19)
            #expect(try await store.verifyAuditLog(after: nil, anchor: nil).isWhole)
            try await store.record(AuditRecord(at: Self.begin, actor: .broker, action: .keyAdded))
            let proof = try await store.verifyAuditLog(after: nil, anchor: nil)
            #expect((proof.first, proof.end, proof.isWhole) == (20, 22, true))
        }
    }

    private func recordMany(_ count: Int = 5000, in store: SQLiteStore) async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<count {
                group.addTask {
                    try await store.record(AuditRecord(at: Self.begin, actor: .broker, action: .tokenMinted))
                }
            }
            try await group.waitForAll()
        }
    }

    /// Removes all records but the newest; returns the first and the last reply.
    private func pruneAll(_ store: SQLiteStore) async throws -> (first: AuditPruning.Reply, last: AuditPruning.Reply) {
        let first = try await prune(store, before: 1000)
        var last = first
        while !last.isComplete { last = try await prune(store, before: 1000, goesOn: true) }
        return (first, last)
    }

    private var fileSize: Int {
        get throws { try FileManager.default.attributesOfItem(atPath: broker.directory.database)[.size] as? Int ?? 0 }
    }

    @Test func `the file becomes as small as what is left in it`() async throws {
        try await withStore { store in
            try await recordMany(in: store)
            let (first, last) = try await pruneAll(store)
            #expect(last.freeBytes == 0 && last.databaseBytes < first.databaseBytes / 4)
            #expect(try fileSize == last.databaseBytes)
        }
    }

    @Test func `the file becomes smaller also if the WAL is too short to be written back for its length`() async throws
    {
        try await withStore { try await recordMany(1500, in: $0) }
        let before = try fileSize
        try await withStore { store in
            let (_, last) = try await pruneAll(store)
            #expect(try fileSize == last.databaseBytes && last.databaseBytes < before)
        }
    }

    @Test func `a database without auto_vacuum says what it has free, until a backup of it is restored`() async throws {
        try tamper("PRAGMA auto_vacuum = NONE; VACUUM")
        try await withStore { store in
            try await recordMany(in: store)
            let (first, last) = try await pruneAll(store)
            #expect(last.databaseBytes >= first.databaseBytes && last.freeBytes > last.databaseBytes / 2)
        }
        let copy = try Data(contentsOf: URL(fileURLWithPath: broker.directory.database))
        let backup = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).db")
        try copy.write(to: backup)
        defer { try? FileManager.default.removeItem(at: backup) }
        try FileManager.default.removeItem(atPath: broker.directory.database)
        _ = try await SQLiteStore.restore(
            FileHandle(forReadingFrom: backup), in: broker.directory, holding: broker.directory.lock(),
            masterKey: broker.masterKey, allowsUnauthenticated: false,
            recording: AuditRecord(at: Self.begin, actor: .broker, action: .databaseRestored)
        ) { _ in }
        #expect(try fileSize < copy.count / 4)
        try await withStore { store in
            try await recordMany(in: store)
            #expect(try await pruneAll(store).last.freeBytes == 0)
        }
    }

    @Test func `many go in parts, under one record`() async throws {
        try await withStore { store in
            try await recordMany(in: store)
            var removed = 0
            repeat {
                let reply = try await prune(store, before: 1000, goesOn: removed > 0)
                removed += reply.removed
                #expect(try await store.verifyAuditLog(after: nil, anchor: nil).fault == nil)
                if reply.isComplete { break }
            } while true
            // Records of the removal are removed as well, but for those that were written with it.
            #expect(removed == 5020)
            let left = try await store.auditLog(AuditListing(limit: 10)).entries
            #expect(left.map(\.action) == ["audit.pruned"])
        }
    }

    @Test(arguments: [
        ("UPDATE audit_log SET outcome = 'x' WHERE sequence = 5", "record 5 was changed"),
        ("DELETE FROM audit_log WHERE sequence BETWEEN 3 AND 6", "records 3 to 6 are missing"),
        (
            "INSERT INTO audit_marks SELECT 'start', 2, chain, code, registry FROM audit_marks",
            "mark of the log's start or end"
        ),
    ])
    func `what was not whole is removed, and a record says so`(damage: String, finding: String) async throws {
        try tamper(damage)
        try await withStore { store in
            #expect(try await store.verifyAuditLog(after: nil, anchor: nil).fault != nil)
            let fault = try await prune(store, before: 10).fault
            #expect(fault?.message.contains(finding) ?? false)
            #expect(try await store.verifyAuditLog(after: nil, anchor: nil).isWhole)
            let newest = try #require(try await store.auditLog(AuditListing(limit: 1)).entries.first)
            #expect(newest.action == "audit.pruned" && newest.outcome.contains(finding))
        }
    }

    @Test(arguments: [
        "DELETE FROM audit_log WHERE sequence = 11",
        "UPDATE audit_marks SET sequence = 11 WHERE place = 'start'",
        "DELETE FROM audit_marks WHERE place = 'start'",
        """
        UPDATE audit_marks SET sequence = 12, chain = (SELECT chain FROM audit_log WHERE sequence = 12)
        WHERE place = 'start'; DELETE FROM audit_log WHERE sequence <= 12
        """,
    ])
    func `nobody else can remove old records and not be found out`(tampering: String) async throws {
        try await withStore { _ = try await prune($0, before: 10) }
        try tamper(tampering)
        try await withStore { store in
            let proof = try await store.verifyAuditLog(after: nil, anchor: nil)
            #expect(proof.fault != nil)
        }
    }

    @Test func `an anchor holds what the log was, whatever is put in its place`() async throws {
        let old = try broker.copy()
        let anchor = try await withStore { store in
            let now = try await store.verifyAuditLog(after: nil, anchor: nil).anchor
            #expect(try await store.verifyAuditLog(after: nil, anchor: now).isWhole)
            try await store.record(AuditRecord(at: Self.begin, actor: .broker, action: .keyAdded))
            #expect(try await store.verifyAuditLog(after: nil, anchor: now).isWhole)
            return try await store.verifyAuditLog(after: nil, anchor: nil).anchor
        }
        // The whole database set back to an earlier state, which is whole in itself; and then it goes on.
        let (store, _) = try SQLiteStore.open(in: old.directory, masterKey: old.masterKey)
        #expect(try await store.verifyAuditLog(after: nil, anchor: nil).isWhole)
        #expect(try await store.verifyAuditLog(after: nil, anchor: anchor).fault == AuditFault(.missing, first: 21))
        try await store.record(AuditRecord(at: Self.begin, actor: .broker, action: .keyRemoved))
        #expect(try await store.verifyAuditLog(after: nil, anchor: anchor).fault == AuditFault(.changed, first: 21))
        try store.close()

        try await withStore { store in
            _ = try await prune(store, before: 1000)
            // The last record that was pruned is known as well.
            let last = AuditPosition(sequence: 20, chain: anchor.chain)
            #expect(
                try await store.verifyAuditLog(after: nil, anchor: last).fault == AuditFault(.changed, first: 20)
            )
            let pruned = await #expect(throws: OperatorError.self) {
                try await store.verifyAuditLog(after: nil, anchor: AuditPosition(sequence: 3, chain: anchor.chain))
            }
            #expect(pruned?.message.contains("was pruned") ?? false)
        }
    }

    @Test func `a list has what is asked for, newest first`() async throws {
        #expect(try await list(AuditFilter(project: ProjectID("project-3"))) == [20, 16, 12, 8, 4])
        #expect(try await list(AuditFilter(key: KeyID("key-3"))) == [4])
        #expect(try await list(AuditFilter(action: "token.minted"), limit: 2) == [19, 17])
        #expect(try await list(AuditFilter(action: "client"), limit: 2) == [20, 18])
        #expect(try await list(AuditFilter(action: "clien")).isEmpty)
        #expect(try await list(AuditFilter(client: ClientID("client-1")), limit: 1) == [20], "what a client did itself")
        let times = AuditFilter(since: Self.begin + 3, until: Self.begin + 5)
        #expect(try await list(times) == [5, 4])
        #expect(try await list(AuditFilter(), after: 18) == [20, 19])
    }

    @Test func `a rare record is found page by page`() async throws {
        try tamper(
            """
            WITH RECURSIVE numbers (number) AS (SELECT 21 UNION ALL SELECT number + 1 FROM numbers WHERE number < 45000)
            INSERT INTO audit_log SELECT number, at, actor, action, 'another', key_id, client_id, token, outcome, chain
            FROM numbers JOIN audit_log ON sequence = 1
            """
        )
        try await withStore { store in
            var next: Int64?
            var pages: [[Int64]] = []
            repeat {
                let page = try await store.auditLog(
                    AuditListing(AuditFilter(project: ProjectID("project-0")), before: next, limit: 3)
                )
                pages.append(page.entries.map(\.sequence))
                next = page.next
            } while next != nil
            #expect(pages == [[], [], [17, 13, 9], [5, 1]])
        }
    }

    @Test(arguments: [Int64.min, -1, 0, .max]) func `no number ends the process`(number: Int64) async throws {
        try await withStore { store in
            _ = try await store.auditLog(AuditListing(after: number, before: number, limit: 10))
            _ = try await store.auditLog(AuditListing(before: number, limit: 10))
            _ = try await store.auditLog(AuditListing(after: number, limit: 10))
            let position = AuditPosition(sequence: number, chain: Data())
            _ = try? await store.verifyAuditLog(after: position, anchor: position)
        }
        try tamper("UPDATE audit_log SET sequence = \(number) WHERE sequence = 20")
        try await withStore { store in
            let fault = try await store.verifyAuditLog(after: nil, anchor: nil).fault
            #expect(fault != nil)
            _ = try await store.auditLog(AuditListing(limit: 10))
            try? await store.record(AuditRecord(at: Self.begin, actor: .broker, action: .keyAdded))
        }
    }

    @Test func `a record that cannot be read is listed as that`() async throws {
        func setSchema(_ sql: String) throws {
            try DatabaseQueue(path: broker.directory.database).inDatabase { database in
                try database.execute(sql: "PRAGMA writable_schema = ON")
                try database.execute(sql: "UPDATE sqlite_schema SET sql = \(sql) WHERE name = 'audit_log'")
            }
        }
        // As damage would have it, which asks no table what may be in it.
        try setSchema("replace(sql, ') STRICT', ')')")
        try tamper("UPDATE audit_log SET actor = x'FF00' WHERE sequence = 20")
        try setSchema("sql || ' STRICT'")
        try await withStore { store in
            let newest = try #require(try await store.auditLog(AuditListing(limit: 1)).entries.first)
            #expect((newest.sequence, newest.action) == (20, "unreadable"))
            let fault = try await store.verifyAuditLog(after: nil, anchor: nil).fault
            #expect(fault == AuditFault(.changed, first: 20))
        }
    }
}
