import Broker
import Crypto
import Foundation
import GRDB

/// The audit's table: each record is chained to the one before it, and the ends are marked.
struct AuditLog: Sendable {
    let chain: AuditChain
    var registryMACs: RegistryMACs { RegistryMACs(auditKey: chain.key.key) }

    init(key: SymmetricKey) {
        chain = AuditChain(key: LockedKey(key))
    }

    /// Marks the end of the log of an empty database.
    func begin(in database: Database) throws {
        let empty = AuditMark(position: .beginning, registry: registryMACs.masked(MultisetHash()))
        try chain.put(empty, at: .end, in: database)
    }

    /// Appends records; a first hand-out that stands there already stays the first.
    ///
    /// - Parameter difference: How the hash of the registry's rows changes in the same transaction.
    func append(
        _ records: [AuditRecord], changing difference: MultisetHash = MultisetHash(), to database: Database
    ) throws {
        var end: AuditMark?
        for record in records where try !isRecorded(record, in: database) {
            var mark = try end ?? self.end(before: record, in: database)
            mark.position = try insert(record, after: mark.position, in: database)
            end = mark
        }
        if !difference.isZero {
            let macs = registryMACs
            guard var mark = try end ?? chain.mark(of: .end, in: database),
                var registry = macs.unmasked(mark.registry)
            else { throw Self.unproven }
            registry += difference
            mark.registry = macs.masked(registry)
            end = mark
        }
        if let end { try chain.put(end, at: .end, in: database) }
    }

    /// The mark after which the next record is appended.
    ///
    /// If records were removed from the end, the present mark leaves a gap in their place. If the present mark is damaged, or
    /// older than the newest record, a record of that is appended first, since the present mark is about to be replaced. The
    /// new mark then has no hash of the registry, and the broker does not start with it again.
    private func end(before record: AuditRecord, in database: Database) throws -> AuditMark {
        let newest = try newest(in: database)
        if let end = try? chain.mark(of: .end, in: database), end.position.sequence >= newest.sequence { return end }
        let damage = AuditRecord(at: record.at, actor: .broker, action: .auditDamaged, outcome: "end")
        return AuditMark(position: try insert(damage, after: newest, in: database))
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

    /// The newest record, or the log's beginning.
    func newest(in database: Database) throws -> AuditPosition {
        let statement = try database.cachedStatement(
            sql: "SELECT sequence, chain FROM audit_log ORDER BY sequence DESC LIMIT 1"
        )
        return try Row.fetchOne(statement).map(AuditPosition.init) ?? .beginning
    }
}
