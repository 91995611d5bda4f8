import Broker
import Foundation
import GRDB

extension AuditLog {
    /// So many records are looked at for one page, so that a rare one keeps nobody waiting.
    private static let mostLookedAt: Int64 = 20_000

    /// The newest records, newest first, that are asked for.
    static func list(_ request: AuditListing, in database: Database) throws -> AuditListing.Reply {
        let newest = try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM audit_log") ?? 0
        let first = try Int64.fetchOne(
            database,
            sql: """
                SELECT min(sequence) FROM (
                    SELECT sequence FROM audit_log WHERE sequence > :after AND sequence < :before
                    ORDER BY sequence DESC LIMIT \(mostLookedAt)
                )
                """,
            arguments: ["after": request.after ?? .min, "before": request.before ?? .max]
        )
        guard let first else { return AuditListing.Reply(entries: [], next: nil, newest: newest) }
        let filter = request.filter
        let entries = try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM audit_log WHERE sequence >= :first AND sequence < :before
                    AND (:project IS NULL OR project_id = :project) AND (:key IS NULL OR key_id = :key)
                    AND (:client IS NULL OR client_id = :client OR actor = 'client:' || :client)
                    AND (:action IS NULL OR action = :action OR substr(action, 1, length(:action) + 1) = :action || '.')
                    AND (:since IS NULL OR at >= :since) AND (:until IS NULL OR at < :until)
                ORDER BY sequence DESC LIMIT :limit
                """,
            arguments: [
                "first": first, "before": request.before ?? .max, "project": filter.project?.description,
                "key": filter.key?.description, "client": filter.client?.description, "action": filter.action,
                "since": filter.since?.millisecondsSince1970, "until": filter.until?.millisecondsSince1970,
                "limit": request.limit,
            ]
        ).map { row in (try? AuditEntry(row: row)) ?? AuditEntry(unreadable: row["sequence"]) }
        let end = entries.count == request.limit ? entries.last?.sequence ?? first : first
        let hasMore = try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM audit_log WHERE sequence > :after AND sequence < :end)",
            arguments: ["after": request.after ?? .min, "end": end]
        )
        return AuditListing.Reply(entries: entries, next: hasMore == true ? end : nil, newest: newest)
    }
}

extension AuditLog {
    /// The time of the newest record, except of those that this program made to bring the schema up to date; `nil` if there is
    /// none.
    static func newestTime(in database: Database) throws -> Date? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT at FROM audit_log WHERE action <> 'database.migrated' ORDER BY sequence DESC LIMIT 1
                """
        ).map { try $0.date("at") }
    }

    /// SQLite uses the index only if the query has the index's own condition.
    static let lastBackupQuery = """
        SELECT at FROM audit_log WHERE action = 'database.backed_up' ORDER BY sequence DESC LIMIT 1
        """

    /// When the last backup was complete; `nil` if there is no record of one.
    static func lastBackup(in database: Database) throws -> Date? {
        let row = try Row.fetchOne(database, sql: lastBackupQuery)
        // 'audit verify' tells of a damaged record.
        return try? row?.date("at")
    }
}

extension AuditEntry {
    fileprivate init(row: Row) throws {
        self.init(
            sequence: try row.value("sequence"), time: try row.date("at").formatted(.iso8601),
            actor: try row.value("actor"), action: try row.value("action"),
            projectID: try row.optional("project_id"), keyID: try row.optional("key_id"),
            clientID: try row.optional("client_id"), token: try row.optional("token"),
            outcome: try row.value("outcome")
        )
    }

    /// A record that was damaged: `audit verify` says so as well.
    fileprivate init(unreadable sequence: Int64) {
        self.init(
            sequence: sequence, time: "-", actor: "-", action: "unreadable", projectID: nil, keyID: nil, clientID: nil,
            token: nil, outcome: "-"
        )
    }
}
