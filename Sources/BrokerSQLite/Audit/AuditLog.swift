import Broker
import Crypto
import Foundation
import GRDB

/// The audit's table: each record is chained to the one before it, and the ends are marked.
struct AuditLog: Sendable {
    let chain: AuditChain
    var start: AuditMark { AuditMark(place: .start, chain: chain) }
    var end: AuditMark { AuditMark(place: .end, chain: chain) }

    init(key: SymmetricKey) {
        chain = AuditChain(key: key)
    }

    /// Marks the end of a log that has no mark yet.
    func markEnd(in database: Database) throws {
        try end.move(to: newest(in: database) ?? .beginning, in: database)
    }

    /// Appends records; a first hand-out that stands there already stays the first.
    func append(_ records: [AuditRecord], to database: Database) throws {
        var position: AuditPosition?
        for record in records where try !isRecorded(record, in: database) {
            position = try insert(record, after: position ?? place(of: record, in: database), in: database)
        }
        if let position { try end.move(to: position, in: database) }
    }

    /// Behind what the next record comes.
    ///
    /// That is the end's mark: behind a tail that was cut, a gap stays. Where the mark is not the broker's, or older than
    /// the newest record, a record says so for ever, since the mark is about to be replaced.
    private func place(of record: AuditRecord, in database: Database) throws -> AuditPosition {
        let newest = try newest(in: database) ?? .beginning
        if let marked = try? end.position(in: database), marked.sequence >= newest.sequence { return marked }
        let damage = AuditRecord(at: record.at, actor: .broker, action: .auditDamaged, outcome: "end")
        return try insert(damage, after: newest, in: database)
    }

    private func insert(
        _ record: AuditRecord, after previous: AuditPosition, in database: Database
    ) throws -> AuditPosition {
        let fields = AuditFields(record)
        let position = chain.position(of: fields, after: previous)
        try database.cachedStatement(
            sql: """
                INSERT INTO audit_log
                    (sequence, at, actor, action, project_id, key_id, client_id, token, outcome, chain)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [position.sequence] + StatementArguments(fields.values) + [position.chain]
        )
        return position
    }

    /// Whether a first hand-out stands there already.
    private func isRecorded(_ record: AuditRecord, in database: Database) throws -> Bool {
        guard record.action == .tokenHandedOut else { return false }
        return try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT EXISTS
                        (SELECT 1 FROM audit_log WHERE action = 'token.handed_out' AND token = ? AND actor = ?)
                    """
            ),
            arguments: [record.token?.fingerprint, "\(record.actor)"]
        ) ?? false
    }

    private func newest(in database: Database) throws -> AuditPosition? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT sequence, chain FROM audit_log ORDER BY sequence DESC LIMIT 1")
        ).map { AuditPosition(sequence: $0["sequence"], chain: (try? $0.value("chain")) ?? Data()) }
    }
}
