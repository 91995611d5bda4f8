import BrokerTesting
import Foundation
import GRDB
import Testing

@testable import Broker
@testable import BrokerSQLite

/// A backup holds everything but the master key, whole or not at all.
struct BackupTests {
    private let broker: StoredBroker

    init() throws {
        broker = try StoredBroker(golden: "schema-3", at: Date(timeIntervalSince1970: 1_795_629_520))
    }

    private func backup(_ core: BrokerCore, between: () async throws -> Void = {}) async throws -> Data {
        let administrator = Administrator(core, for: .administrator(user: 0))
        var reply = try await administrator.perform(BackupPreparation())
        try await between()
        while reply.progress.phase != .ready {
            reply = try await administrator.perform(BackupPreparation(backup: reply.backup))
        }
        var file = Data()
        while true {
            let part = try await administrator.perform(BackupReading(backup: reply.backup, offset: file.count))
            if part.bytes.isEmpty { break }
            file += part.bytes
        }
        #expect(file.count == reply.progress.total)
        return file
    }

    private func restore(
        _ backup: Data, in other: StoredBroker, allowingUnauthenticated: Bool = false
    ) async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try backup.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try? FileManager.default.removeItem(atPath: other.directory.database)
        let record = AuditRecord(at: Date(), actor: .administrator(user: 0), action: .databaseRestored)
        _ = try await SQLiteStore.restore(
            FileHandle(forReadingFrom: file), in: other.directory, holding: other.directory.lock(),
            masterKey: other.masterKey, allowsUnauthenticated: allowingUnauthenticated, recording: record,
            progress: { _ in }
        )
    }

    private func files(of broker: StoredBroker) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: broker.directory.path))
    }

    @Test
    func `a backup whose command was interrupted is in status, and ends when nothing has asked for it for a while`()
        async throws
    {
        try await broker.run { core in
            let administrator = Administrator(core, for: .administrator(user: 0))
            let begin = broker.clock.now.wall
            let id = try await administrator.perform(BackupPreparation()).backup
            let unfinished = try await administrator.perform(StatusReport()).unfinished
            #expect(unfinished == [UnfinishedWork(backupBegunAt: begin)])
            let almost = Backups.idleLimit - .seconds(1)
            for _ in 1...3 {
                broker.clock.advance(by: almost)
                await core.housekeeping.runOnce()
                _ = try await administrator.perform(BackupPreparation(backup: id))
            }
            broker.clock.advance(by: Backups.idleLimit)
            await core.housekeeping.runOnce()
            #expect(try await administrator.perform(StatusReport()).unfinished == [])
            let ended = await #expect(throws: OperatorError.self) {
                try await administrator.perform(BackupReading(backup: id, offset: 0))
            }
            #expect(ended?.message.contains("no request came for 900 s") == true)
        }
    }

    @Test func `what was backed up is there after it was restored, and mints nothing`() async throws {
        let copy = try broker.copy()
        let file = try await broker.run { try await backup($0) }
        try await restore(file, in: copy)
        try await copy.run { core in
            for id in 1...4 {
                let key = try #require(core.registry.key(KeyID("key-\(id)")))
                let secret = try core.sealer.open(key.secret, from: key.secretPlace)
                #expect(secret.reveal() == "secret-of-key-\(id)")
                #expect(core.cache.token(in: key.slot(for: key.scope))?.value.reveal() == "token-of-key-\(id)")
            }
            #expect(try core.registry.client(ClientID("client-1"))?.grants.count == 2)
            #expect(try await core.store.verifyAuditLog(after: nil, anchor: nil).isWhole)
            let newest = try await core.store.auditLog(AuditListing(limit: 2)).entries.map(\.action)
            #expect(newest == ["database.restored", "database.backup_begun"])
        }
        #expect(try files(of: broker) == ["token-broker.db", "master.key", "lock"])
        #expect(try files(of: copy) == ["token-broker.db", "master.key", "lock"])
    }

    @Test func `the last backup is one that is complete, also after a restart`() async throws {
        var last: Date?
        try await broker.run { core in
            _ = try await backup(core)
            #expect(core.backups.last == nil)
            let administrator = Administrator(core, for: .administrator(user: 0))
            let early = BackupCompletion(backup: try await core.backups.begin(), bytes: 1, sha256: "ab")
            await #expect(throws: OperatorError.self, "not ready") { try await administrator.perform(early) }
            var started = try await administrator.perform(BackupPreparation())
            while started.progress.phase != .ready {
                started = try await administrator.perform(BackupPreparation(backup: started.backup))
            }
            let completion = BackupCompletion(backup: started.backup, bytes: 1, sha256: "ab")
            let reply = try await administrator.perform(completion)
            #expect(reply.masterKeyTerms == [1])
            last = core.backups.last
            #expect(last == broker.clock.now.wall)
            let newest = try await core.store.auditLog(AuditListing(limit: 1)).entries.first
            #expect(newest?.action == "database.backed_up" && newest?.outcome == "1 bytes, SHA-256 ab")
            // The backup has ended.
            await #expect(throws: OperatorError.self) { try await administrator.perform(completion) }
        }
        try await broker.run { #expect($0.backups.last == last) }
    }

    /// Changes the first audit record, as a disk might.
    private func damageFirstRecord(_ core: BrokerCore) async throws {
        let store = try #require((core.store as? WatchedStore)?.store as? SQLiteStore)
        try await store.database.queue.write {
            try $0.execute(sql: "UPDATE audit_log SET outcome = 'x' WHERE sequence = 1")
        }
    }

    @Test func `a backup verifies the audit records that are new, and once a day all of them`() async throws {
        try await broker.run { core in
            let administrator = Administrator(core, for: .administrator(user: 0))
            func makeBackup() async throws {
                var reply = try await administrator.perform(BackupPreparation())
                while reply.progress.phase != .ready {
                    reply = try await administrator.perform(BackupPreparation(backup: reply.backup))
                }
                _ = try await administrator.perform(BackupCompletion(backup: reply.backup, bytes: 0, sha256: ""))
            }
            try await makeBackup()
            try await damageFirstRecord(core)
            for _ in 1...2 {
                broker.clock.advance(by: .seconds(11 * 3600))
                try await makeBackup()
            }
            broker.clock.advance(by: .seconds(2 * 3600))
            let refusal = await #expect(throws: OperatorError.self) { try await makeBackup() }
            #expect(refusal?.message.contains("record 1 was changed") ?? false)
        }
    }

    @Test func `the last backup is found by its index`() throws {
        let queue = try DatabaseQueue(path: broker.directory.database)
        try queue.write { database in
            _ = try database.migrate()
            let plan = try String.fetchAll(
                database, sql: "EXPLAIN QUERY PLAN \(AuditLog.lastBackupQuery)", adapter: SuffixRowAdapter(fromIndex: 3)
            )
            #expect(plan.contains { $0.contains("backups") }, "\(plan)")
        }
    }

    @Test func `a backup that does not show whether it was changed is restored where that is allowed`() async throws {
        let old = try Data(contentsOf: URL(fileURLWithPath: broker.directory.database))
        let copy = try broker.copy()
        let error = await #expect(throws: OperatorError.self) { try await restore(old, in: copy) }
        #expect(error?.hint?.contains("--allow-unauthenticated") ?? false)
        #expect(try files(of: copy) == ["master.key", "lock"])
        try await restore(old, in: copy, allowingUnauthenticated: true)
        try await copy.run { core in _ = try #require(core.registry.key(KeyID("key-1"))) }
        // From then on it shows.
        try DatabaseQueue(path: copy.directory.database).inDatabase {
            try $0.execute(sql: "UPDATE grants SET project_id = 'project-3' WHERE project_id = 'project-1'")
        }
        let changed = try Data(contentsOf: URL(fileURLWithPath: copy.directory.database))
        let refused = await #expect(throws: OperatorError.self) {
            try await restore(changed, in: copy, allowingUnauthenticated: true)
        }
        #expect(refused?.message.contains("authentication code") ?? false)
    }

    @Test func `what changes while it is copied is in it`() async throws {
        let copy = try broker.copy()
        try await broker.run { core in
            // More than is copied at once.
            let outcome = String(repeating: "x", count: 100_000)
            for _ in 0..<20 {
                try await core.store.record(
                    AuditRecord(at: Date(), actor: .broker, action: .tokenMinted, outcome: outcome)
                )
            }
            let copying = try await core.store.backup(verifiedTo: nil)
            let first = try await copying.advance()
            #expect(first.phase == .copying && first.done < first.total)
            let administrator = Administrator(core, for: .administrator(user: 0))
            let id = try KeyID("key-5")
            _ = try await administrator.perform(KeyAddition(TestBroker.registration(id, verify: false)))
            while try await copying.advance().phase != .ready {}
            var file = Data()
            while case let part = try await copying.bytes(from: file.count), !part.isEmpty { file += part }
            await copying.end()
            try await restore(file, in: copy)
        }
        try await copy.run { core in
            let proof = try await core.store.verifyAuditLog(after: nil, anchor: nil)
            #expect(proof.isWhole)
            #expect(try core.registry.key(KeyID("key-5")) != nil)
        }
    }

    @Test func `a backup that is cut anywhere is refused, and leaves nothing`() async throws {
        let copy = try broker.copy()
        let file = try await broker.run { try await backup($0) }
        for length in stride(from: 0, to: file.count, by: 1500) {
            let cut = file.prefix(length)
            await #expect(throws: OperatorError.self, "cut at \(length)") { try await restore(cut, in: copy) }
            #expect(try files(of: copy) == ["master.key", "lock"], "cut at \(length)")
        }
    }

    @Test(arguments: [
        ("DELETE FROM audit_log WHERE sequence = (SELECT max(sequence) FROM audit_log)", "audit log is not whole"),
        ("UPDATE access_keys SET secret = zeroblob(100) WHERE key_id = 'key-2'", "access_keys key-2"),
        ("UPDATE tokens SET token = (SELECT token FROM tokens WHERE key_id = 'key-1')", "tokens key-2"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM clients", "belongs to nothing"),
        ("DELETE FROM audit_marks", "mark at the end of the audit log"),
    ])
    func `a database that is not whole is not backed up`(damage: String, complaint: String) async throws {
        // To the newest schema.
        try await broker.run { _ in }
        try DatabaseQueue(path: broker.directory.database).inDatabase { try $0.execute(sql: damage) }
        try await expectRefusal(complaint)
    }

    @Test func `an index that does not fit its table is no index`() async throws {
        try await broker.run { _ in }
        let page = try DatabaseQueue(path: broker.directory.database).inDatabase {
            try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_schema WHERE name = 'access_keys_by_term'")
        }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: broker.directory.database))
        // The last byte of a page belongs to its first entry.
        try file.seek(toOffset: UInt64(try #require(page)) * 4096 - 1)
        try file.write(contentsOf: [0x7F])
        try file.close()
        try await expectRefusal("the copy is damaged")
    }

    private func expectRefusal(_ complaint: String) async throws {
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        let copying = try await store.backup(verifiedTo: nil)
        let error = await #expect(throws: OperatorError.self) {
            while try await copying.advance().phase != .ready {}
        }
        #expect(error?.message.contains(complaint) ?? false, "\(String(describing: error))")
        await copying.end()
        try store.close()
        #expect(try files(of: broker) == ["token-broker.db", "master.key", "lock"])
    }

    @Test func `who begins another backup ends the one before`() async throws {
        try await broker.run { core in
            let administrator = Administrator(core, for: .administrator(user: 0))
            let first = try await administrator.perform(BackupPreparation())
            _ = try await backup(core)
            for request in [first.backup, "nobody's"] {
                let error = await #expect(throws: OperatorError.self) {
                    try await administrator.perform(BackupPreparation(backup: request))
                }
                #expect(error?.message.contains("another one was begun") ?? false)
            }
            // Ends with the broker.
            _ = try await administrator.perform(BackupPreparation())
        }
        #expect(try files(of: broker) == ["token-broker.db", "master.key", "lock"])
    }

    @Test func `a backup that is ended while something is done with it leaves nothing`() async throws {
        let database = try ProvenDatabase(at: broker.directory.database, masterKey: broker.masterKey)
        let copying = try await DatabaseBackup(
            of: database, at: PrivateFile.draft(of: broker.directory.database), auditVerifiedTo: nil)
        let gate = DispatchSemaphore(value: 0)
        database.queue.asyncWriteWithoutTransaction { _ in gate.wait() }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<2 { group.addTask { (try? await copying.advance()) != nil } }
            #expect(await group.next() == false, "one of them waits for the database, and the other is refused")
            await copying.end()
            gate.signal()
            _ = await group.next()
        }
        await #expect(throws: OperatorError.self) { try await copying.advance() }
        #expect(try !files(of: broker).contains { $0.contains("draft") })
        try database.queue.close()
    }

    @Test func `what a killed backup left is removed by the next start`() async throws {
        let left = PrivateFile.draft(of: broker.directory.database)
        try Data("half".utf8).write(to: URL(fileURLWithPath: left))
        try await broker.run { _ in }
        #expect(try files(of: broker) == ["token-broker.db", "master.key", "lock"])
    }

    @Test func `only the master key of its time restores it, and nothing takes the place of a database`() async throws {
        let copy = try broker.copy()
        let file = try await broker.run { try await backup($0) }
        try FileManager.default.removeItem(atPath: copy.masterKey.path)
        let missing = await #expect(throws: OperatorError.self) { try await restore(file, in: copy) }
        #expect(missing?.message.contains("never contains the key") ?? false)
        try copy.masterKey.create()
        let other = await #expect(throws: OperatorError.self) { try await restore(file, in: copy) }
        #expect(other?.message.contains("needs master key 1, and") ?? false)

        let record = AuditRecord(at: Date(), actor: .administrator(user: 0), action: .databaseRestored)
        let conflict = await #expect(throws: OperatorError.self) {
            try await SQLiteStore.restore(
                .nullDevice, in: broker.directory, holding: broker.directory.lock(), masterKey: broker.masterKey,
                allowsUnauthenticated: false, recording: record, progress: { _ in }
            )
        }
        #expect(conflict?.reason == .conflict)
    }
}
