import GRDB

extension Database {
    /// The number of pages that are returned at once: a mebibyte, so that nobody waits long.
    private static let mostPages = 256

    /// Returns some pages that hold nothing to the file system. SQLite cuts them off when it writes back the WAL.
    ///
    /// A database that an earlier version made without `auto_vacuum` keeps its pages: only `VACUUM`, which stops everything else,
    /// could change that. `restore` makes a new database.
    ///
    /// - Returns: Whether no page is left that can be returned.
    func releaseFreePages() throws -> Bool {
        let incremental = 2
        guard try number("auto_vacuum") == incremental else { return true }
        _ = try Row.fetchAll(self, sql: "PRAGMA incremental_vacuum(\(Self.mostPages))")
        return try number("freelist_count") == 0
    }

    /// The size of the database, and how much of it holds nothing, in bytes.
    func size() throws -> (all: Int, free: Int) {
        let pageSize = try number("page_size")
        return (try number("page_count") * pageSize, try number("freelist_count") * pageSize)
    }

    private func number(_ pragma: String) throws -> Int { try Int.fetchOne(self, sql: "PRAGMA \(pragma)") ?? 0 }
}
