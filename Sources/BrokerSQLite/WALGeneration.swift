import Broker
import CSQLite
import Foundation
import GRDB
import GRDBSQLite

/// The generation of a write-ahead log (WAL), which ties the WAL to the database file that it was written for.
///
/// SQLite replays any valid WAL that has the right name, also the WAL of another database or of another time, and mixes the
/// two. So the first transaction of a WAL writes a random generation next to that of the database file, and so does the last
/// one before the WAL is written back: neither another file nor a copy of the WAL from before then fits.
struct WALGeneration: Equatable {
    fileprivate let current: Data
    private let previous: Data

    private static let query = "SELECT current, previous FROM wal_generation"

    /// The generation in the database file itself, without its WAL; `nil` if the file has none or cannot be read.
    ///
    /// A file cannot be read if it is of an earlier schema, or if the machine went down while a page was written back.
    init?(ofFile path: String) {
        var (connection, statement): (OpaquePointer?, OpaquePointer?)
        defer {
            sqlite3_finalize(statement)
            sqlite3_close(connection)
        }
        let name = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
        // Immutable: SQLite looks for no WAL (https://sqlite.org/uri.html). GRDB opens no URIs.
        let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
        guard sqlite3_open_v2("file:\(name)?immutable=1", &connection, flags, nil) == SQLITE_OK, let connection else {
            return nil
        }
        let columns = withBoundedWork(of: connection) { () -> [Data]? in
            guard sqlite3_prepare_v2(connection, Self.query, -1, &statement, nil) == SQLITE_OK,
                sqlite3_step(statement) == SQLITE_ROW
            else { return nil }
            return (CInt(0)..<2).compactMap { column in
                sqlite3_column_blob(statement, column).map {
                    Data(bytes: $0, count: Int(sqlite3_column_bytes(statement, column)))
                }
            }
        }
        guard let columns, columns.map(\.count) == [16, 16] else { return nil }
        (current, previous) = (columns[0], columns[1])
    }

    /// The generation that a connection sees, in the WAL or in the database file; `nil` if the database has none.
    init?(in database: Database) throws {
        guard try database.tableExists("wal_generation"), let row = try Row.fetchOne(database, sql: Self.query),
            let current = Data.fromDatabaseValue(row[0]), let previous = Data.fromDatabaseValue(row[1])
        else { return nil }
        (self.current, self.previous) = (current, previous)
    }

    /// Whether this is the generation of a database file together with its own WAL, or without a WAL.
    func extends(_ file: WALGeneration) -> Bool { self == file || previous == file.current }
}

extension Database {
    /// The number of pages in a WAL that is written back, which is SQLite's own default.
    private static let mostWALPages = 1000

    /// Writes the WAL back if it has become long.
    ///
    /// SQLite's own automatic checkpoints do not say when a WAL begins. As with those, a failure is left to the next commit,
    /// which tries again: what was committed is in the WAL.
    func checkpointIfDue() {
        var (pages, highest): (CInt, CInt) = (0, 0)
        sqlite3_db_status(sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 0)
        if pages >= Self.mostWALPages { try? writeBackWAL() }
    }

    /// Ends the WAL, writes it back and begins the next one.
    func writeBackWAL() throws {
        try writeGeneration()
        // The next commit overwrites the WAL from its beginning.
        _ = try checkpoint(.restart)
        try writeGeneration()
        var (pages, highest): (CInt, CInt) = (0, 0)
        sqlite3_db_status(sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 1)
    }

    /// Writes a new generation next to that of the database file.
    ///
    /// After a failure, the WAL must not be written back before another call succeeds. The failed transaction may still be in
    /// the WAL, and it names a generation that the file would no longer have.
    func writeGeneration() throws {
        guard let name = sqlite3_db_filename(sqliteConnection, "main"),
            let file = WALGeneration(ofFile: String(cString: name))
        else { return }
        try execute(
            sql: "UPDATE wal_generation SET current = randomblob(16), previous = ?", arguments: [file.current])
    }

    /// Sets whether closing the connection leaves the WAL as it is, neither written back nor removed.
    func keepWAL(_ keeps: Bool = true) {
        sqlite_keep_wal_on_close(sqliteConnection, keeps ? 1 : 0)
    }
}
