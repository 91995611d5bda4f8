import Broker
import Foundation
import GRDB

extension AuditLog {
    /// Removes some more of the oldest records: the rest follows the mark of the start, and can still be proven.
    ///
    /// The newest record stays, and so does what is behind the first that is not old enough.
    ///
    /// - Parameters:
    ///   - record: of the removal; there already, when this goes on with it.
    func prune(
        before date: Date, recording record: AuditRecord, goesOn: Bool, in database: Database
    ) throws -> AuditPruning.Reply {
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM audit_log ORDER BY sequence LIMIT ?", arguments: [Self.most + 1]
        )
        let old = rows.dropLast().prefix { row in
            ((try? row.value("at", as: Int64.self)) ?? 0) < date.millisecondsSince1970
        }
        guard let oldest = old.first, let last = old.last else {
            return AuditPruning.Reply(removed: 0, first: rows.first?["sequence"] ?? 1, isComplete: true, fault: nil)
        }
        let fault = try fault(in: old, from: oldest["sequence"], database)
        try database.execute(sql: "DELETE FROM audit_log WHERE sequence <= ?", arguments: [last["sequence"] as Int64])
        let position = AuditPosition(last)
        try chain.put(AuditMark(position: position), at: .start, in: database)
        try append((goesOn ? [] : [record]) + (fault.map { [record.finding($0)] } ?? []), to: database)
        return AuditPruning.Reply(
            removed: old.count, first: position.sequence + 1, isComplete: old.count < Self.most, fault: fault
        )
    }

    /// The first fault of what is about to go.
    private func fault(in rows: some Sequence<Row>, from oldest: Int64, _ database: Database) throws -> AuditFault? {
        guard var position = try? chain.mark(of: .start, in: database)?.position ?? .beginning else {
            return AuditFault(.mark, first: oldest)
        }
        for row in rows {
            if let fault = fault(in: row, after: position) { return fault }
            position = AuditPosition(row)
        }
        return nil
    }
}

extension AuditPosition {
    /// Of a record, whatever state it is in.
    init(_ row: Row) {
        self.init(sequence: row["sequence"], chain: (try? row.value("chain")) ?? Data())
    }
}
