package import Broker
import Crypto
package import Foundation
import GRDB
import Migrations

/// The store on disk: one SQLite database, one connection, everything secret in it sealed.
package struct SQLiteStore: Store {
    let database: ProvenDatabase
    private let directory: DataDirectory
    private let resealing: Resealing
    private let batch: RecordBatch
    /// Held for as long as the database is open.
    private let lock: DirectoryLock
    private let files: OpenFiles
    private var queue: DatabaseQueue { database.queue }

    /// The version of the schema that a database has once it is open.
    package static var schema: Int { Migrations.all.count }

    /// The record of a change to the schema, where opening made one.
    package var migration: AuditRecord? { database.migration }

    /// The files of the data directory that its group could read or write until this store was opened.
    package var closedToGroup: [String] { lock.closedToGroup }

    private init(_ database: ProvenDatabase, in directory: DataDirectory, resealing: Resealing, lock: DirectoryLock) {
        self.database = database
        self.directory = directory
        self.resealing = resealing
        self.lock = lock
        let files = OpenFiles([directory.database, directory.database + "-wal", directory.lockFile])
        self.files = files
        batch = RecordBatch { records in
            try await database.queue.transaction { connection in
                try files.check()
                try database.auditLog.append(records, to: connection)
            }
        }
    }

    /// Makes an empty database, and the master key where there is none; overwrites nothing.
    package static func create(in directory: DataDirectory, masterKey: MasterKeyFile) async throws {
        try await directory.makeDatabase(holding: directory.lock()) { path in
            if !masterKey.exists { try masterKey.create() }
            let key = SealingKey(try masterKey.read(), term: 1)
            let queue = try DatabaseQueue.open(broker: path, isNew: true)
            try await queue.transaction { database in
                _ = try database.migrate()
                let auditKey = try PurposeKeys.make(in: database, under: key).key(for: .auditChain, under: key)
                try AuditLog(key: auditKey).begin(in: database)
            }
            try await queue.closeWithoutWAL()
        }
    }

    /// Opens the database and proves the master key.
    package static func open(
        in directory: DataDirectory, masterKey: MasterKeyFile
    ) throws -> (store: SQLiteStore, sealer: MasterKeySealer) {
        let lock = try directory.lock()
        try directory.checkDatabase()
        directory.removeDrafts(holding: lock)
        do {
            let database = try ProvenDatabase(at: directory.database, masterKey: masterKey)
            let resealing = try database.queue.inDatabase {
                try Resealing(database.keys, file: masterKey, auditLog: database.auditLog, in: $0)
            }
            let store = SQLiteStore(database, in: directory, resealing: resealing, lock: lock)
            return (store, MasterKeySealer(database.keys, pepper: database.pepper))
        } catch let error as DatabaseError {
            throw OperatorError(error, opening: directory.database)
        }
    }

    /// Writes back the WAL and lets go of the database and its directory.
    package func close() throws {
        defer { lock.release() }
        queue.inDatabase { database in
            // SQLite would remove whatever is at the WAL's path.
            if files.missing != nil { return database.keepWAL() }
            do { try database.writeGeneration() } catch { database.keepWAL() }
        }
        try queue.close()
    }

    /// In one transaction, while the files are those at their paths.
    private func change<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await queue.transaction { [files] database in
            try files.check()
            return try work(database)
        }
    }

    package func contents(of extent: StoreExtent) async throws -> StoreContents {
        try await queue.transaction { [auditLog = database.auditLog] database in
            var reader = RegistryReader(database, auditLog.registryMACs, extent: extent)
            var contents = try StoreContents(&reader)
            contents.lastBackup = try AuditLog.lastBackup(in: database)
            if case .everything = extent { try auditLog.check(reader.registry, in: database) }
            return contents
        }
    }

    package func check() async throws -> MasterKeyCheck {
        try await change { [resealing] database in
            // Writes the first page, whatever it holds.
            try database.execute(sql: "PRAGMA user_version = \(Migrations.all.count)")
            return try resealing.check(in: database)
        }
    }

    package func commit(_ changes: [Change], recording records: [AuditRecord]) async throws {
        try await change { [keys = database.keys, auditLog = database.auditLog] database in
            var writer = RegistryWriter(database, auditLog.registryMACs)
            for change in changes { try change.resealed(by: keys).apply(to: &writer) }
            try auditLog.append(records, changing: writer.difference, to: database)
        }
    }

    package func record(_ record: AuditRecord) async throws {
        try await batch.add(record)
    }

    package func save(_ uses: [(owner: Use.Owner, last: Date)]) async throws {
        try await change { database in
            for (owner, last) in uses { try owner.saveLastUse(last, in: database) }
        }
    }

    package func removeTokens(expiredBefore date: Date) async throws {
        try await change { try SealedToken.remove(expiredBefore: date, from: $0) }
    }

    package func beginMasterKeyRotation(newFile: String?, recording record: AuditRecord) async throws -> Bool {
        try await queue.watching { [resealing, files] database in
            try files.check()
            return try resealing.begin(newFile: newFile, recording: record, in: database)
        }
    }

    package func rotateMasterKey(recording end: AuditRecord) async throws -> MasterKeyProgress {
        try await queue.watching { [resealing, files] database in
            try files.check()
            return try resealing.step(recording: end, in: database)
        }
    }

    package var unfinishedRotation: UnfinishedRotation? { resealing.unfinished }

    package func backup(verifiedTo verified: AuditPosition?) async throws -> any Backup {
        let draft = PrivateFile.draft(of: directory.database)
        return try await DatabaseBackup(of: database, at: draft, auditVerifiedTo: verified)
    }

    package func verifyAuditLog(after position: AuditPosition?, anchor: AuditPosition?) async throws -> AuditProof {
        try await queue.transaction { [auditLog = database.auditLog] in
            try auditLog.verify(after: position, anchor: anchor, in: $0)
        }
    }

    package func pruneAuditLog(
        before date: Date, recording record: AuditRecord, goesOn: Bool
    ) async throws -> AuditPruning.Reply {
        let reply = try await change { [auditLog = database.auditLog] database in
            var reply = try auditLog.prune(before: date, recording: record, goesOn: goesOn, in: database)
            if reply.isComplete { reply.isComplete = try database.releaseFreePages() }
            (reply.databaseBytes, reply.freeBytes) = try database.size()
            return reply
        }
        // A failure is left to the next commit, which tries again.
        if reply.isComplete { try? await queue.watching { try $0.writeBackWAL() } }
        return reply
    }

    package func auditLog(_ request: AuditListing) async throws -> AuditListing.Reply {
        try await queue.transaction { try AuditLog.list(request, in: $0) }
    }
}
