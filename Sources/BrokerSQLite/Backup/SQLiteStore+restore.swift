package import Broker
package import Foundation
import GRDB

extension SQLiteStore {
    /// Makes the database of a backup, which is verified before it counts, with a record of that.
    ///
    /// - Parameters:
    ///   - backup: read to its end.
    ///   - masterKey: of the backup's time.
    package static func restore(
        _ backup: FileHandle, in directory: DataDirectory, masterKey: MasterKeyFile, recording record: AuditRecord,
        progress: (BackupProgress) -> Void
    ) async throws {
        guard masterKey.exists else {
            throw OperatorError(
                .failed, "the master key file '\(masterKey.path)' is not there, and a backup never contains the key",
                hint: "put the key of the backup's time there, or name it with --master-key-file"
            )
        }
        try await directory.makeDatabase { path in
            try await Blocking.run { try copy(backup, to: path) }
            let database = try ProvenDatabase(at: path, masterKey: masterKey)
            var verification = DatabaseVerification(of: database)
            while !verification.isComplete {
                let (done, total) = try await verification.advance()
                progress(BackupProgress(.verifying, done: done, of: total))
            }
            try await database.queue.transaction { try database.auditLog.append([record], to: $0) }
            try await database.queue.closeWithoutWAL()
        }
    }

    private static func copy(_ backup: FileHandle, to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        while let bytes = try backup.read(upToCount: 1 << 20), !bytes.isEmpty { try file.write(contentsOf: bytes) }
        try file.synchronize()
        try file.close()
    }
}
