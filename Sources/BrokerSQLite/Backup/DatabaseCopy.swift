import Broker
import GRDB
import GRDBSQLite
import Synchronization

/// A copy of a database that is made while that is written to (https://sqlite.org/backup.html).
///
/// What its one connection changes meanwhile, SQLite changes in the copy as well. GRDB's own call would keep the database
/// busy until all of it is copied.
final class DatabaseCopy: Sendable {
    /// A mebibyte at a time, which takes about a millisecond.
    private static let pagesPerStep: CInt = 256

    private let source: DatabaseQueue
    private let destination: DatabaseQueue
    /// Guards SQLite's handle, zero when there is none: a number, since it is used on the source's queue alone.
    private let handle = Mutex(0)

    init(of source: DatabaseQueue, to path: String) async throws {
        self.source = source
        destination = try await Blocking.run {
            var configuration = Configuration()
            // Whoever loses the copy makes another.
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF") }
            return try DatabaseQueue(path: path, configuration: configuration)
        }
        try await source.writeWithoutTransaction { [self] source in
            try destination.inDatabase { destination in
                let begun = sqlite3_backup_init(
                    destination.sqliteConnection, "main", source.sqliteConnection, "main"
                )
                guard begun != nil else { throw DatabaseError(resultCode: destination.lastErrorCode) }
                handle.withLock { $0 = Int(bitPattern: begun) }
            }
        }
    }

    /// Copies some more pages; once it has copied all, it is closed.
    func step() async throws -> (done: Int, total: Int) {
        let (code, left, total) = try await source.writeWithoutTransaction { [self] _ in
            guard let handle = OpaquePointer(bitPattern: handle.withLock(\.self)) else {
                throw DatabaseError(resultCode: .SQLITE_MISUSE)
            }
            let code = sqlite3_backup_step(handle, Self.pagesPerStep)
            return (code, Int(sqlite3_backup_remaining(handle)), Int(sqlite3_backup_pagecount(handle)))
        }
        switch code {
        case SQLITE_OK: break
        case SQLITE_DONE: try await end()
        default:
            let error = DatabaseError(resultCode: ResultCode(rawValue: code))
            throw StoreFailure(error, file: destination.path) ?? error
        }
        return (total - left, total)
    }

    /// Before the source is closed.
    func end() async throws {
        try await source.writeWithoutTransaction { [self] _ in
            let handle = handle.withLock { handle in
                defer { handle = 0 }
                return OpaquePointer(bitPattern: handle)
            }
            sqlite3_backup_finish(handle)
        }
        try await Blocking.run { [destination] in try destination.close() }
    }
}
