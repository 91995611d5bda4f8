import Broker
import Crypto
import GRDB

/// A database that the master key opens, with the newest schema.
struct ProvenDatabase: Sendable {
    let queue: DatabaseQueue
    let keys: MasterKeys
    /// Under which client secrets are stored.
    let pepper: LockedKey
    let auditLog: AuditLog
    /// Whether the rows had MACs before this process opened the database.
    let wasAuthenticated: Bool
    /// The record of a change to the schema, where opening made one.
    let migration: AuditRecord?

    /// The same kind of database, under the same keys.
    init(queue: DatabaseQueue, like other: ProvenDatabase) {
        self.queue = queue
        (keys, pepper, auditLog) = (other.keys, other.pepper, other.auditLog)
        wasAuthenticated = true
        migration = nil
    }

    /// Changes nothing before the master key is proven.
    ///
    /// - Parameter isForeign: whether anybody may have made the file: its pages are verified before its tables are read.
    init(at path: String, masterKey: MasterKeyFile, isForeign: Bool = false) throws {
        // Before the database is touched.
        _ = try masterKey.read()
        let file = WALGeneration(ofFile: path)
        queue = try DatabaseQueue.open(broker: path, extending: file)
        if isForeign {
            try queue.inDatabase { database in
                try database.verifySize(ofFile: path)
                try database.verifyPages()
            }
        }
        let purposeKeys = try Self.purposeKeys(in: queue, at: path)
        do {
            keys = try MasterKeys(from: masterKey, proving: purposeKeys)
            pepper = LockedKey(try purposeKeys.key(for: .clientSecrets, under: keys.newest))
            auditLog = AuditLog(key: try purposeKeys.key(for: .auditChain, under: keys.newest))
        } catch is SealingKey.Damage {
            throw OperatorError(
                .failed,
                "the database needs master key \(purposeKeys.term), and '\(masterKey.path)' holds another key",
                hint:
                    "name the file of master key \(purposeKeys.term) with --master-key-file; if a rotation was interrupted, "
                    + "also name the new key's file with --new-master-key-file"
            )
        }
        wasAuthenticated = try queue.read { try $0.migrationCount() >= AuditLog.schemaWithMACs }
        migration = try queue.write { [auditLog] in try auditLog.migrate($0) }
        try queue.inDatabase { database in
            // If the generations differ, a crash left a WAL. Errors are left to the first commit: a broker whose disk is full
            // starts, and hands out the tokens that it has.
            if try file == WALGeneration(in: database) {
                try? database.writeGeneration()
            } else {
                try? database.writeBackWAL()
            }
        }
    }

    private static func purposeKeys(in queue: DatabaseQueue, at path: String) throws -> PurposeKeys {
        do {
            if let keys = try queue.read(PurposeKeys.init(of:)) { return keys }
        } catch is SealingKey.Damage {
            throw OperatorError(.failed, "the keys in the database '\(path)' are damaged", hint: "restore a backup")
        }
        throw OperatorError(
            .failed, "the database '\(path)' was never finished", hint: "remove it and run 'token-broker init' again"
        )
    }
}
