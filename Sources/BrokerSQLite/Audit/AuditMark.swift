import Broker
import Foundation
import GRDB

/// Where the audit log begins or ends: without it, records that are gone there would leave no gap.
struct AuditMark: Equatable {
    enum Place: String {
        /// The last record that was pruned; there is no such mark before that.
        case start
        case end
    }

    var position: AuditPosition
    /// At the end, the masked hash of the set of the registry's rows (``RegistryMACs/masked(_:)``); at the start, empty.
    var registry = Data()

    struct Damage: Error {}
}

extension AuditChain {
    /// Reads a mark; returns `nil` if the mark is missing.
    ///
    /// - Parameter isOfSchema5: Whether the mark is from before marks had a hash of the registry.
    /// - Throws: ``AuditMark/Damage`` if the mark is damaged or another program wrote it.
    func mark(
        of place: AuditMark.Place, in database: Database, isOfSchema5: Bool = false
    ) throws -> AuditMark? {
        let statement = try database.cachedStatement(sql: "SELECT * FROM audit_marks WHERE place = ?")
        guard let row = try Row.fetchOne(statement, arguments: [place.rawValue]) else { return nil }
        guard let sequence = try? row.value("sequence", as: Int64.self),
            let link = try? row.value("chain", as: Data.self),
            let registry = try? row.value("registry", as: Data.self)
        else { throw AuditMark.Damage() }
        let mark = AuditMark(position: AuditPosition(sequence: sequence, chain: link), registry: registry)
        let code = code(of: place, at: mark.position, registry: isOfSchema5 ? nil : registry)
        guard row["code"] as DatabaseValue == code.databaseValue else { throw AuditMark.Damage() }
        return mark
    }

    /// Writes a mark, in place of the present one.
    func put(_ mark: AuditMark, at place: AuditMark.Place, in database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO audit_marks (place, sequence, chain, registry, code) VALUES (?, ?, ?, ?, ?)"
        ).execute(
            arguments: [
                place.rawValue, mark.position.sequence, mark.position.chain, mark.registry,
                code(of: place, at: mark.position, registry: mark.registry),
            ]
        )
    }
}
