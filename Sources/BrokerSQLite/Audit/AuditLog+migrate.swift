import Broker
import Foundation
import GRDB

extension AuditLog {
    /// The first schema with marks of the log's ends.
    private static let schemaWithMarks = 5

    /// Brings the schema up to date, in one transaction with the record of it; returns that, where there was a need.
    func migrate(_ database: Database) throws -> AuditRecord? {
        let (before, after) = try database.migrate()
        if before == after { return nil }
        if before < Self.schemaWithMarks { try markEnd(in: database) }
        let record = AuditRecord(at: Date(), actor: .broker, action: .databaseMigrated, outcome: "schema \(after)")
        try append([record], to: database)
        return record
    }
}
