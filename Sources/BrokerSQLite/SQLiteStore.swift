package import Broker
import Crypto
package import Foundation
import GRDB

/// The store on disk: one SQLite database, one connection, everything secret in it sealed.
package struct SQLiteStore: Store {
    private let queue: DatabaseQueue
    private let keys: MasterKeys
    private let auditLog: AuditLog
    private let resealing: Resealing
    private let batch: RecordBatch
    /// Held for as long as the database is open.
    private let lock: DirectoryLock

    private init(
        queue: DatabaseQueue, keys: MasterKeys, auditLog: AuditLog, resealing: Resealing, lock: DirectoryLock
    ) {
        self.queue = queue
        self.keys = keys
        self.auditLog = auditLog
        self.resealing = resealing
        self.lock = lock
        batch = RecordBatch { records in
            try await queue.write { database in
                for record in records { try auditLog.append(record, to: database) }
            }
        }
    }

    /// Makes an empty database, whole or not at all, and the master key where there is none; overwrites nothing.
    package static func create(in directory: DataDirectory, masterKey: MasterKeyFile) throws {
        let lock = try directory.lock()
        defer { withExtendedLifetime(lock) {} }
        guard !directory.hasDatabase else {
            throw OperatorError(
                .conflict, "there is a database in '\(directory.path)' already",
                hint: "'token-broker serve' runs it; to begin anew, name another --data-dir"
            )
        }
        if !masterKey.exists { try masterKey.create() }
        let key = SealingKey(try masterKey.read(), term: 1)
        let draft = directory.database + ".draft"
        for leftOver in [draft, draft + "-wal"] { try? FileManager.default.removeItem(atPath: leftOver) }
        try PrivateFile.create(draft, [], mode: 0o600, called: "the database")
        let queue = try DatabaseQueue.open(broker: draft)
        try queue.write { try PurposeKeys.insert(into: $0, under: key) }
        try queue.close()
        try PrivateFile.publish(draft, as: directory.database, called: "the database")
    }

    /// Opens the database and proves the master key.
    package static func open(
        in directory: DataDirectory, masterKey: MasterKeyFile
    ) throws -> (store: SQLiteStore, sealer: MasterKeySealer) {
        let lock = try directory.lock()
        guard directory.hasDatabase else {
            throw OperatorError(
                .failed, "there is no database in '\(directory.path)'",
                hint: "'token-broker init' makes one; or name another --data-dir"
            )
        }
        // Before the database is touched.
        _ = try masterKey.read()
        let queue = try DatabaseQueue.open(broker: directory.database)
        do {
            guard let purposeKeys = try queue.read(PurposeKeys.init(of:)) else {
                throw OperatorError(
                    .failed, "the database '\(directory.database)' was never finished",
                    hint: "remove it and run 'token-broker init' again"
                )
            }
            let keys = try MasterKeys(from: masterKey, proving: purposeKeys)
            let sealer = MasterKeySealer(keys, pepper: try purposeKeys.key(for: .clientSecrets, under: keys.newest))
            let log = AuditLog(key: try purposeKeys.key(for: .auditChain, under: keys.newest))
            let resealing = try queue.inDatabase { try Resealing(keys, file: masterKey, auditLog: log, in: $0) }
            let store = SQLiteStore(queue: queue, keys: keys, auditLog: log, resealing: resealing, lock: lock)
            return (store, sealer)
        } catch is SealingKey.Damage {
            throw OperatorError(
                .failed, "the master key in '\(masterKey.path)' is not the one that this database is sealed under",
                hint:
                    "name the right one with --master-key-file; where a rotation was broken off, the new one as well, with "
                    + "--new-master-key-file"
            )
        }
    }

    /// Writes back the WAL and lets go of the database and its directory.
    package func close() throws {
        defer { lock.release() }
        try queue.close()
    }

    package func contents(of extent: StoreExtent) async throws -> StoreContents {
        try await queue.read { try StoreContents(extent, of: $0) }
    }

    package func commit(_ changes: [Change], recording record: AuditRecord) async throws {
        try await queue.write { [auditLog, keys] database in
            for change in changes { try change.resealed(by: keys).apply(to: database) }
            try auditLog.append(record, to: database)
        }
    }

    package func record(_ record: AuditRecord) async throws {
        try await batch.add(record)
    }

    package func save(_ uses: [(owner: Use.Owner, last: Date)]) async throws {
        try await queue.write { database in
            for (owner, last) in uses { try owner.saveLastUse(last, in: database) }
        }
    }

    package func removeTokens(expiredBefore date: Date) async throws {
        try await queue.write { try SealedToken.remove(expiredBefore: date, from: $0) }
    }

    package func beginMasterKeyRotation(newFile: String?, recording record: AuditRecord) async throws -> Bool {
        try await queue.writeWithoutTransaction { [resealing] database in
            try resealing.begin(newFile: newFile, recording: record, in: database)
        }
    }

    package func rotateMasterKey(recording end: AuditRecord) async throws -> MasterKeyProgress {
        try await queue.writeWithoutTransaction { [resealing] in try resealing.step(recording: end, in: $0) }
    }

    package func auditLog(before: Int64?, limit: Int) async throws -> [AuditEntry] {
        try await queue.read { try AuditEntry.newest(limit, before: before, in: $0) }
    }
}
