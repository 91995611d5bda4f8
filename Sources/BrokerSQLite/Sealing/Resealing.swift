import Broker
import Foundation
import GRDB
import Synchronization

/// Seals every record anew under another master key, some at a time, while the store goes on.
///
/// The new key is in its file, and proven, before the first record is sealed under it; the old one stays where it is until
/// the last. So the two files open everything at any moment, and whoever opens the database next can go on.
final class Resealing: Sendable {
    /// So many records at once keep nobody waiting who has something to record.
    private static let most = 100

    private struct State {
        /// The records that are sealed under an earlier master key and can be resealed, and all records; `nil` if no rotation
        /// is unfinished.
        var unfinished: (left: Int, total: Int)?
        /// Keys whose secrets do not open, and are left as they are.
        var unreadable: [String] = []
        var newFile: NewFile?
    }

    /// What the new master key's file has.
    private enum NewFile {
        /// Another key than the newest.
        case another
        /// The newest key, which is not in the master key file.
        case newest
    }

    private let keys: MasterKeys
    private let file: MasterKeyFile
    private let auditLog: AuditLog
    /// Guards how far it has come; only who has the database changes that.
    private let state: Mutex<State>

    init(_ keys: MasterKeys, file: MasterKeyFile, auditLog: AuditLog, in database: Database) throws {
        self.keys = keys
        self.file = file
        self.auditLog = auditLog
        let left = try Self.left(before: keys.newest, in: database)
        let isUnfinished = keys.hasEarlier && left > 0
        state = Mutex(State(unfinished: isUnfinished ? (left, try Self.count(in: database)) : nil))
        // The last record was done, and then the process ended.
        if keys.hasEarlier, left == 0 { file.takeNew(retiring: keys.newest.term - 1) }
        examineNewFile()
    }

    /// What is left to do of a rotation, as of the last step or check; `nil` if there is nothing.
    var unfinished: UnfinishedRotation? {
        let (state, term) = (state.withLock(\.self), Int(keys.newest.term))
        if let (left, total) = state.unfinished { return .resealing(term: term, done: total - left, total: total) }
        return switch state.newFile {
        case .another: .notBegun(newFile: file.new.path)
        case .newest: .notInPlace(term: term, newFile: file.new.path, file: file.path)
        case nil: nil
        }
    }

    private func examineNewFile() {
        let newFile: NewFile?
        if !file.new.exists {
            newFile = nil
        } else if let key = try? file.new.read(), keys.newest.isSame(as: key) {
            let isInPlace = (try? file.read()).map(keys.newest.isSame) ?? false
            newFile = isInPlace ? nil : .newest
        } else {
            // A rotation says what is wrong with a file that cannot be read.
            newFile = .another
        }
        state.withLock { $0.newFile = newFile }
    }

    /// Checks that the newest master key opens the database, and that the next start will find it.
    func check(in database: Database) throws -> MasterKeyCheck {
        examineNewFile()
        guard let purposeKeys = try PurposeKeys(of: database), purposeKeys.open(under: keys.newest) else {
            return .doesNotOpen
        }
        do {
            _ = try MasterKeys(from: file, proving: purposeKeys)
            return .works
        } catch is SealingKey.Damage {
            let files = ["'\(file.path)'"] + (file.new.exists ? ["'\(file.new.path)'"] : [])
            return .notInItsFile(reason: "another master key is in \(files.joined(separator: " and in "))")
        } catch {
            return .notInItsFile(reason: error.reason)
        }
    }

    /// Makes the new master key, unless it is there, and seals the purpose keys under it.
    ///
    /// - Returns: whether it began; no when one is unfinished.
    func begin(newFile: String?, recording record: AuditRecord, in database: Database) throws -> Bool {
        if let newFile, newFile != file.new.path {
            throw OperatorError(
                .conflict, "the broker looks for the new master key in '\(file.new.path)', not in '\(newFile)'",
                hint: "put it there, or start the broker with --new-master-key-file: it needs both keys until the end"
            )
        }
        if state.withLock({ $0.unfinished != nil }) { return false }
        if !file.new.exists { try file.new.create() }
        let next = try file.new.read()
        var total = 0
        try database.inTransaction {
            guard let purposeKeys = try PurposeKeys(of: database) else { throw SealingKey.Damage() }
            if purposeKeys.open(under: SealingKey(next, term: keys.newest.term)) {
                throw OperatorError(
                    .conflict, "'\(file.new.path)' holds the present master key",
                    hint: "put a new one there; or, where that was done before, put it in the place of '\(file.path)'"
                )
            }
            try purposeKeys.reseal(from: keys.newest, under: SealingKey(next, term: keys.newest.term + 1), in: database)
            try auditLog.append([record], to: database)
            total = try Self.count(in: database)
            return .commit
        }
        keys.adopt(SealingKey(next, term: keys.newest.term + 1))
        state.withLock { [total] in $0 = State(unfinished: (total, total)) }
        return true
    }

    /// Seals some more records anew; after the last, gives the new key's file the old one's name.
    func step(recording end: AuditRecord, in database: Database) throws -> MasterKeyProgress {
        var state = state.withLock(\.self)
        let newest = keys.newest
        // Records that no rotation will reseal may remain: unreadable ones, and those of the format without a term.
        var (left, total) = (0, 0)
        try database.inTransaction {
            if state.unfinished != nil {
                try resealTokens(before: newest, in: database)
                try resealSecrets(before: newest, leaving: &state.unreadable, in: database)
                left = max(0, try Self.left(before: newest, in: database) - state.unreadable.count)
                if left == 0 { try auditLog.append([end], to: database) }
            }
            total = try Self.count(in: database)
            return .commit
        }
        let hasEnded = state.unfinished != nil && left == 0
        state.unfinished = left > 0 ? (left, total) : nil
        if hasEnded { file.takeNew(retiring: newest.term - 1) }
        self.state.withLock { [state] in $0 = state }
        if hasEnded, case .notInItsFile(let reason) = try check(in: database) {
            throw OperatorError(
                .failed, "all records are sealed under another master key, which is in no file: \(reason)",
                hint: "do not stop the broker, and run 'token-broker master-key rotate' again"
            )
        }
        return MasterKeyProgress(
            term: Int(newest.term), total: total, left: left,
            unreadableKeys: state.unreadable, masterKeyFile: file.path,
            newMasterKeyFile: file.new.exists ? file.new.path : nil,
            previousMasterKeyFile: keys.earlier(newest.term - 1).flatMap { file.retired($0) }, hasEnded: hasEnded
        )
    }

    private func resealTokens(before newest: SealingKey, in database: Database) throws {
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM tokens WHERE substr(token, 1, 5) < ? LIMIT ?",
            arguments: [Data(newest.head), Self.most]
        )
        for row in rows {
            // One that does not open is of no use: another is minted when it is needed.
            let sealed = try? keys.resealed(SealedToken(row: row))
            try database.execute(
                sql: sealed == nil
                    ? "DELETE FROM tokens WHERE key_id = ?1 AND scope = ?2 AND ?3 IS NULL"
                    : "UPDATE tokens SET token = ?3 WHERE key_id = ?1 AND scope = ?2",
                arguments: [
                    row["key_id"] as DatabaseValue, row["scope"] as DatabaseValue, sealed.map { Data($0.sealed.bytes) },
                ]
            )
        }
    }

    private func resealSecrets(
        before newest: SealingKey, leaving unreadable: inout [String], in database: Database
    ) throws {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM access_keys
                WHERE substr(secret, 1, 5) < ? AND key_id NOT IN (SELECT value FROM json_each(?)) LIMIT ?
                """,
            arguments: [
                Data(newest.head), String(decoding: try JSONEncoder().encode(unreadable), as: UTF8.self), Self.most,
            ]
        )
        for row in rows {
            let id: String = row["key_id"]
            guard let sealed = try? resealedSecret(row) else {
                unreadable.append(id)
                continue
            }
            try database.execute(
                sql: "UPDATE access_keys SET secret = ? WHERE key_id = ?", arguments: [Data(sealed.bytes), id]
            )
        }
    }

    private func resealedSecret(_ row: Row) throws -> Sealed {
        let key = try AccessKey(row: row)
        return try keys.resealed(key.secret, in: key.secretPlace)
    }

    /// How many records there are of earlier terms.
    private static func left(before newest: SealingKey, in database: Database) throws -> Int {
        try Int.fetchOne(
            database,
            sql: """
                SELECT (SELECT count(*) FROM access_keys WHERE substr(secret, 1, 5) < ?1)
                    + (SELECT count(*) FROM tokens WHERE substr(token, 1, 5) < ?1)
                """,
            arguments: [Data(newest.head)]
        ) ?? 0
    }

    /// Returns the terms of the master keys that open a database, in order.
    static func terms(of keys: MasterKeys, in database: Database) throws -> [Int] {
        let newest = keys.newest
        let isUnfinished = try keys.hasEarlier && left(before: newest, in: database) > 0
        return (isUnfinished ? [newest.term - 1, newest.term] : [newest.term]).map(Int.init)
    }

    private static func count(in database: Database) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT (SELECT count(*) FROM access_keys) + (SELECT count(*) FROM tokens)"
        ) ?? 0
    }
}
