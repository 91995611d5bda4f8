import Broker
import Foundation
import GRDB

extension AuditEntry {
    static func newest(_ limit: Int, before: Int64?, in database: Database) throws -> [AuditEntry] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM audit_log WHERE sequence < ? ORDER BY sequence DESC LIMIT ?",
            arguments: [before ?? .max, limit]
        ).map { row in
            AuditEntry(
                sequence: row["sequence"], at: Date(millisecondsSince1970: row["at"]).formatted(.iso8601),
                actor: row["actor"], action: row["action"], projectID: row["project_id"], keyID: row["key_id"],
                clientID: row["client_id"], token: row["token"], outcome: row["outcome"]
            )
        }
    }
}
