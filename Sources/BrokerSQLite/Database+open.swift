import Broker
import Foundation
import GRDB
import GRDBSQLite
import Migrations

extension DatabaseQueue {
    /// "TBKR": what SQLite's header says the file is.
    static let brokerApplicationID = 0x5442_4B52

    /// Opens the database with the one connection that it ever has, and safe settings.
    ///
    /// If the database is refused, its file and its WAL stay as they are.
    ///
    /// - Parameters:
    ///   - isNew: Whether the file is to be filled, and so is empty.
    ///   - file: The generation of the file, if it may have a WAL.
    static func open(
        broker path: String, isNew: Bool = false, extending file: WALGeneration? = nil
    ) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "token-broker"
        configuration.prepareDatabase { database in
            // Exclusive before the first access: then there is no shared memory file, and nobody else gets in.
            try database.execute(
                sql: """
                    PRAGMA locking_mode = EXCLUSIVE;
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cell_size_check = ON;
                    """
            )
            // Before anything is changed, if only to WAL, or written back from a WAL.
            database.keepWAL()
            try withBoundedWork(of: database.sqliteConnection) {
                try database.checkWAL(of: file, path)
                try database.checkIsOurs(isNew: isNew)
            }
            database.keepWAL(false)
            // Only before the first table (https://sqlite.org/pragma.html#pragma_auto_vacuum).
            if isNew { try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
            try database.execute(
                sql: """
                    PRAGMA journal_mode = WAL;
                    PRAGMA wal_autocheckpoint = 0;
                    PRAGMA synchronous = FULL;
                    PRAGMA secure_delete = ON;
                    PRAGMA temp_store = MEMORY;
                    """
            )
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { try $0.checkSettings() }
            // The WAL is there by now, and SQLite does not look whether its name became durable.
            try PrivateFile.syncDirectory(of: path, called: "the database")
            return queue
        } catch let error as DatabaseError {
            throw OperatorError(error, opening: path)
        }
    }

    /// Closes a file that is to be whole without its WAL.
    ///
    /// Throws ``StoreFailure`` for what is the disk's fault; SQLite's own close says nothing of what it could not write back.
    func closeWithoutWAL() async throws {
        try await watching { _ = try $0.checkpoint(.truncate) }
        try await Blocking.run { [self] in try close() }
    }
}

extension OperatorError {
    /// Why a database cannot be opened; without SQLite's statement, which says nothing to an operator.
    init(_ error: DatabaseError, opening path: String) {
        if let failure = StoreFailure(error, file: path) {
            self.init(failure)
        } else if error.resultCode == .SQLITE_INTERRUPT {
            self.init(StoreFailure(.damaged, file: path, reason: "its list of tables has no end"))
        } else {
            let isBusy = error.resultCode == .SQLITE_BUSY
            self.init(
                isBusy ? .inUse : .failed,
                "cannot open the database '\(path)': \(error.message ?? "\(error.resultCode)")",
                hint: isBusy ? "another program has it open; end that one" : "restore a backup that is whole"
            )
        }
    }
}

extension Database {
    /// Throws ``OperatorError`` if the WAL was written for another database file than this.
    fileprivate func checkWAL(of file: WALGeneration?, _ path: String) throws {
        guard let file else { return }
        // A mix of two databases may be unreadable.
        if let seen = try? WALGeneration(in: self), seen.extends(file) { return }
        throw OperatorError(
            .failed,
            "'\(path)-wal' was written for another file than '\(path)': the database was replaced, or put back from a copy",
            hint:
                "to keep the database as it is in '\(path)', move '\(path)-wal' to another directory; to go back to the "
                + "database that the WAL belongs to, put that file back first"
        )
    }

    fileprivate func checkIsOurs(isNew: Bool) throws {
        let application = try Int.fetchOne(self, sql: "PRAGMA application_id") ?? 0
        let version = try migrationCount()
        let tables = try Int.fetchOne(self, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        if isNew, tables == 0 { return }
        guard tables > 0 else {
            throw OperatorError(
                .failed, "the database is empty", hint: "remove it, and restore a backup or run 'token-broker init'"
            )
        }
        guard application == DatabaseQueue.brokerApplicationID else {
            throw OperatorError(
                .failed, "the database is not a token broker's", hint: "name the right directory with --data-dir"
            )
        }
        guard version <= Migrations.all.count else {
            throw OperatorError(
                .failed,
                "the database has schema \(version), and this program knows schemas up to \(Migrations.all.count)",
                hint:
                    "run the token-broker version that wrote it; to go back, restore the backup from before the upgrade"
            )
        }
        guard try hasSchema(version) else {
            throw OperatorError(
                .failed, "the database's tables are not those that this program makes: it is damaged, or was changed",
                hint: "restore a backup"
            )
        }
    }

    /// Reads the settings back: a promise of durability is worth nothing if one of them did not take.
    fileprivate func checkSettings() throws {
        let expected: [(pragma: String, value: String)] = [
            ("locking_mode", "exclusive"), ("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1"),
            ("trusted_schema", "0"), ("secure_delete", "1"), ("cell_size_check", "1"), ("temp_store", "2"),
            ("wal_autocheckpoint", "0"),
        ]
        for (pragma, value) in expected {
            let actual = try String.fetchOne(self, sql: "PRAGMA \(pragma)")
            guard actual == value else {
                throw OperatorError(
                    .failed, "SQLite does not keep to \(pragma) = \(value): it says \(actual ?? "nothing")",
                    hint: "the data directory must be on a local file system"
                )
            }
        }
    }
}
