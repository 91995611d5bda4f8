import Broker
import Foundation
import GRDB

extension AuditLog {
    /// The first schema with marks of the log's ends.
    private static let schemaWithMarks = 5
    /// The first schema whose registry has MACs.
    static let schemaWithMACs = 6

    /// Brings the schema up to date, in one transaction with the record of it; returns that, where there was a need.
    func migrate(_ database: Database) throws -> AuditRecord? {
        let (before, after) = try database.migrate()
        if before == after { return nil }
        if before < Self.schemaWithMACs { try authenticate(database, of: before) }
        let record = AuditRecord(at: Date(), actor: .broker, action: .databaseMigrated, outcome: "schema \(after)")
        try append([record], to: database)
        return record
    }

    /// Gives the registry's rows MACs, whatever the rows say.
    ///
    /// If the schema has marks, the mark of the log's end must be right: else an attacker could turn a newer database into an
    /// older one to have edited rows accepted.
    private func authenticate(_ database: Database, of schema: Int) throws {
        var end = try newest(in: database)
        if schema >= Self.schemaWithMarks {
            guard let mark = try? chain.mark(of: .end, in: database, isOfSchema5: true),
                mark.position == end || mark.position.sequence > end.sequence
            else { throw Self.unproven }
            end = mark.position
            if let start = try? chain.mark(of: .start, in: database, isOfSchema5: true) {
                try chain.put(start, at: .start, in: database)
            }
        }
        let macs = registryMACs
        let registry = macs.masked(try macs.authenticate(database))
        try chain.put(AuditMark(position: end, registry: registry), at: .end, in: database)
    }
}

extension RegistryMACs {
    /// Gives each row its MAC and returns the hash of the set of all rows.
    fileprivate func authenticate(_ database: Database) throws -> MultisetHash {
        var registry = MultisetHash()
        for table in Table.allCases where table.isAuthenticated {
            let ids = try database.primaryKey(table.rawValue).columns
            let update = try database.makeStatement(
                sql: """
                    UPDATE \(table.rawValue) SET mac = ? WHERE \(ids.map { "\($0) = ?" }.joined(separator: " AND "))
                    """
            )
            for row in try Row.fetchAll(database, sql: "SELECT * FROM \(table.rawValue)") {
                let mac = mac(of: table) { row[$0] }
                try update.execute(arguments: [mac] + StatementArguments(ids.map { row[$0] as DatabaseValue }))
                registry += hash(ofMAC: mac.databaseValue)
            }
        }
        return registry
    }
}
