package import Broker
package import Foundation
import GRDB

extension SQLiteStore {
    /// Makes the database of a backup, which is verified before it counts, with a record of that.
    ///
    /// - Parameters:
    ///   - backup: read to its end.
    ///   - lock: The directory's.
    ///   - masterKey: of the backup's time.
    ///   - allowsUnauthenticated: Whether to accept a backup whose rows have no MACs.
    /// - Returns: The time of the backup's newest audit record; `nil` if it has none.
    package static func restore(
        _ backup: FileHandle, in directory: DataDirectory, holding lock: DirectoryLock, masterKey: MasterKeyFile,
        allowsUnauthenticated: Bool,
        recording record: AuditRecord, progress: (BackupProgress) -> Void
    ) async throws -> Date? {
        guard masterKey.exists else {
            throw OperatorError(
                .failed, "the master key file '\(masterKey.path)' is not there, and a backup never contains the key",
                hint: "put the key of the backup's time there, or name it with --master-key-file"
            )
        }
        return try await directory.makeDatabase(holding: lock) { path in
            let copy = PrivateFile.draft(of: directory.database)
            try await Blocking.run { try read(backup, into: copy) }
            let foreign = try ProvenDatabase(at: copy, masterKey: masterKey, isForeign: true)
            guard foreign.wasAuthenticated || allowsUnauthenticated else {
                throw OperatorError(
                    .failed,
                    "cannot verify the backup: an earlier version of the broker made it, without the codes that show whether "
                        + "its keys, clients and grants were changed",
                    hint: "if nobody else could write to the backup, use --allow-unauthenticated"
                )
            }
            var verification = DatabaseVerification(of: foreign, pagesAreWhole: true)
            while verification.end == nil {
                let (done, total) = try await verification.advance()
                progress(BackupProgress(.verifying, done: done, of: total))
            }
            let time = try await foreign.queue.transaction { try AuditLog.newestTime(in: $0) }
            try await foreign.queue.closeWithoutWAL()
            let queue = try DatabaseQueue.open(broker: path, isNew: true)
            try await queue.watching { try $0.takeRows(of: copy) }
            try await queue.transaction { try foreign.auditLog.append([record], to: $0) }
            try await queue.closeWithoutWAL()
            return time
        }
    }

    private static func read(_ backup: FileHandle, into path: String) throws {
        let descriptor = try PrivateFile.open(new: path, mode: 0o600, called: "the backup's copy")
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        while let bytes = try backup.read(upToCount: 1 << 20), !bytes.isEmpty { try file.write(contentsOf: bytes) }
        try file.close()
    }
}

extension Database {
    /// Makes the tables, and fills them with the rows of a database that has the same: nothing comes along that is in no row.
    fileprivate func takeRows(of path: String) throws {
        try execute(sql: "ATTACH DATABASE ? AS foreign_database", arguments: [path])
        try inTransaction {
            _ = try migrate()
            try execute(sql: "PRAGMA defer_foreign_keys = ON")
            // SQLite's own table of the highest numbers comes last: rows that are inserted change it.
            let tables = try String.fetchAll(
                self,
                sql: """
                    SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name <> 'wal_generation'
                    ORDER BY name = 'sqlite_sequence'
                    """
            )
            for table in tables {
                if table == "sqlite_sequence" { try execute(sql: "DELETE FROM main.sqlite_sequence") }
                try execute(sql: "INSERT INTO main.\(table) SELECT * FROM foreign_database.\(table)")
            }
            return .commit
        }
        try execute(sql: "DETACH DATABASE foreign_database")
    }
}
