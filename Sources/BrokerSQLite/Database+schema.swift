import GRDB
import Migrations

extension Database {
    /// Applies the migrations that are missing; returns how many were applied before and after.
    func migrate(to version: Int = Migrations.all.count) throws -> (before: Int, after: Int) {
        let before = try migrationCount()
        for migration in Migrations.all.prefix(version).dropFirst(before) {
            try execute(sql: String(decoding: migration.sql, as: UTF8.self))
        }
        if before < version {
            try execute(sql: "PRAGMA user_version = \(version)")
            try execute(sql: "PRAGMA application_id = \(DatabaseQueue.brokerApplicationID)")
        }
        return (before, version)
    }

    /// How many migrations were applied.
    func migrationCount() throws -> Int { try Int.fetchOne(self, sql: "PRAGMA user_version") ?? 0 }

    /// Whether tables, indices and triggers are those that the migrations up to this one make, to the letter.
    ///
    /// Whoever reads rows relies on their columns.
    func hasSchema(_ version: Int) throws -> Bool {
        let ours = try DatabaseQueue().write { database in
            _ = try database.migrate(to: version)
            return try database.schema()
        }
        return try schema() == ours
    }

    /// With what SQLite makes for itself, since somebody may have put something else under its names; but for what
    /// ANALYZE makes.
    private func schema() throws -> [Row] {
        try Row.fetchAll(
            self,
            sql: """
                SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type <> 'table' OR sql NOT IN (
                    'CREATE TABLE sqlite_stat1(tbl,idx,stat)',
                    'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)'
                ) ORDER BY 1, 2
                """
        )
    }
}
