import Broker
import Foundation
import GRDB

extension AuditLog {
    /// So many records at once keep nobody waiting who has something to record.
    static let most = 2000

    /// Verifies some more records.
    ///
    /// - Parameters:
    ///   - verified: up to where they were verified before; from the log's start, when there is none.
    ///   - anchor: a place that the log must still have.
    func verify(after verified: AuditPosition?, anchor: AuditPosition?, in database: Database) throws -> AuditProof {
        let start: AuditPosition
        do {
            start = try chain.mark(of: .start, in: database)?.position ?? .beginning
        } catch is AuditMark.Damage {
            return AuditProof(first: 0, anchor: .beginning, end: 0, fault: AuditFault(.mark, first: 0))
        }
        // What was verified may have been pruned since.
        let position = if let verified, verified.sequence > start.sequence { verified } else { start }
        let end = try? chain.mark(of: .end, in: database)?.position
        var proof = AuditProof(first: start.sequence + 1, anchor: position, end: end?.sequence ?? position.sequence)
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM audit_log WHERE sequence > ? ORDER BY sequence LIMIT ?",
            arguments: [position.sequence, Self.most]
        )
        proof.fault = try faultBefore(start, in: database) ?? fault(of: start, like: anchor)
        if let anchor, anchor.sequence < start.sequence {
            throw OperatorError(
                .notFound, "the anchor's record, number \(anchor.sequence), was pruned", hint: "keep a newer anchor"
            )
        }
        for row in rows where proof.fault == nil {
            proof.fault = fault(in: row, after: proof.anchor) ?? fault(of: AuditPosition(row), like: anchor)
            if proof.fault == nil { proof.anchor = AuditPosition(row) }
        }
        if proof.fault == nil, rows.count < Self.most {
            proof.fault = fault(of: end, at: proof.anchor, anchor: anchor)
            proof.isWhole = proof.fault == nil
        }
        return proof
    }

    private func faultBefore(_ start: AuditPosition, in database: Database) throws -> AuditFault? {
        try Int64.fetchOne(
            database, sql: "SELECT min(sequence) FROM audit_log WHERE sequence <= ?", arguments: [start.sequence]
        ).map { AuditFault(.added, first: $0) }
    }

    func fault(in row: Row, after previous: AuditPosition) -> AuditFault? {
        let sequence: Int64 = row["sequence"]
        guard sequence == previous.sequence + 1 else {
            return AuditFault(.missing, first: previous.sequence + 1, last: sequence - 1)
        }
        guard let fields = try? AuditFields(row: row), let link = try? row.value("chain", as: Data.self),
            chain.position(of: fields, after: previous).chain == link
        else { return AuditFault(.changed, first: sequence) }
        return fields.action == AuditRecord.Action.auditDamaged.rawValue ? AuditFault(.mark, first: sequence) : nil
    }

    private func fault(of position: AuditPosition, like anchor: AuditPosition?) -> AuditFault? {
        guard let anchor, anchor.sequence == position.sequence, anchor != position else { return nil }
        return AuditFault(.changed, first: position.sequence)
    }

    /// - Parameter newest: the last record that there is.
    private func fault(of end: AuditPosition?, at newest: AuditPosition, anchor: AuditPosition?) -> AuditFault? {
        if let anchor, anchor.sequence > newest.sequence {
            return AuditFault(.missing, first: newest.sequence + 1, last: anchor.sequence)
        }
        guard let end else { return AuditFault(.mark, first: newest.sequence) }
        if end == newest { return nil }
        if end.sequence > newest.sequence {
            return AuditFault(.missing, first: newest.sequence + 1, last: end.sequence)
        }
        return AuditFault(end.sequence < newest.sequence ? .added : .mark, first: newest.sequence)
    }
}
