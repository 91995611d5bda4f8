import Broker
import GRDB
import GRDBSQLite
import Glibc

extension StoreFailure {
    /// `nil` where it is none of the disk's.
    init?(_ error: DatabaseError, file: String, code systemError: CInt = 0) {
        let reason = systemError == 0 ? error.message ?? "\(error.resultCode)" : String(cString: strerror(systemError))
        switch error.resultCode {
        case .SQLITE_FULL: self.init(.full, file: file, reason: reason)
        // A quota, or a limit of the process's own.
        case .SQLITE_IOERR where [ENOSPC, EDQUOT, EFBIG].contains(systemError):
            self.init(.full, file: file, reason: reason)
        case .SQLITE_IOERR where systemError == EROFS: self.init(.readOnly, file: file, reason: reason)
        case .SQLITE_IOERR: self.init(.inputOutput, file: file, reason: reason)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN: self.init(.readOnly, file: file, reason: reason)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self.init(.damaged, file: file, reason: reason)
        default: return nil
        }
    }
}

extension DatabaseQueue {
    /// In one transaction.
    ///
    /// Throws ``StoreFailure`` for what is the disk's fault.
    func transaction<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await watching { database in
            var value: Value?
            try database.inTransaction {
                value = try work(database)
                return .commit
            }
            // Whoever commits has it.
            guard let value else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
            return value
        }
    }

    /// Throws ``StoreFailure`` for what is the disk's fault.
    func watching<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await writeWithoutTransaction { [path] database in
            do {
                let value = try work(database)
                database.checkpointIfDue()
                return value
            } catch let error as DatabaseError {
                throw StoreFailure(error, file: path, code: database.lastSystemError) ?? error
            }
        }
    }
}

extension Database {
    /// The `errno` of the last system call that failed on the WAL, or on the database's file; 0 when there is none.
    ///
    /// SQLite's own `sqlite3_system_errno` knows of files that cannot be opened only.
    fileprivate var lastSystemError: CInt {
        var (file, code): (UnsafeMutablePointer<sqlite3_file>?, CInt) = (nil, 0)
        sqlite3_file_control(sqliteConnection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file)
        if let file, let methods = file.pointee.pMethods {
            _ = methods.pointee.xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &code)
        }
        if code == 0 { sqlite3_file_control(sqliteConnection, "main", SQLITE_FCNTL_LAST_ERRNO, &code) }
        return code
    }
}
