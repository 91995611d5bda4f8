import Broker
import Crypto
import Foundation
import GRDB

/// The audit's table: each record carries an HMAC-SHA-256 over itself and the one before it.
struct AuditLog: Sendable {
    private let key: SymmetricKey

    init(key: SymmetricKey) {
        self.key = key
    }

    /// Appends a record; a first hand-out that stands there already stays the first.
    func append(_ record: AuditRecord, to database: Database) throws {
        let fields: [String?] = [
            "\(record.at.millisecondsSince1970)", "\(record.actor)", record.action.rawValue,
            record.project?.description, record.key?.description, record.client?.description,
            record.token?.fingerprint, record.outcome,
        ]
        if record.action == .tokenHandedOut, try isRecorded(record, in: database) { return }
        let last = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT sequence, chain FROM audit_log ORDER BY sequence DESC LIMIT 1")
        )
        let sequence = (last?["sequence"] as Int64? ?? 0) + 1
        let link = link(after: last?["chain"] as Data? ?? Data(), sequence: sequence, fields: fields)
        try database.cachedStatement(
            sql: """
                INSERT INTO audit_log
                    (sequence, at, actor, action, project_id, key_id, client_id, token, outcome, chain)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: StatementArguments(
                [sequence, record.at.millisecondsSince1970] as [any DatabaseValueConvertible]
            ) + StatementArguments(Array(fields.dropFirst())) + [link]
        )
    }

    private func isRecorded(_ record: AuditRecord, in database: Database) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT EXISTS
                        (SELECT 1 FROM audit_log WHERE action = 'token.handed_out' AND token = ? AND actor = ?)
                    """
            ),
            arguments: [record.token?.fingerprint, "\(record.actor)"]
        ) ?? false
    }

    /// What ties a record to its place: a change, a gap or another order anywhere shows.
    private func link(after previous: Data, sequence: Int64, fields: [String?]) -> Data {
        var code = HMAC<SHA256>(key: key)
        code.update(data: previous)
        for field in ["\(sequence)"] + fields {
            // A missing field is not an empty one.
            let bytes = Data((field.map { "+" + $0 } ?? "-").utf8)
            withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { code.update(data: Data($0)) }
            code.update(data: bytes)
        }
        return Data(code.finalize())
    }
}

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

extension Date {
    init(millisecondsSince1970 milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    var millisecondsSince1970: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }
}
