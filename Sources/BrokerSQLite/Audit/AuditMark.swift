import Broker
import Foundation
import GRDB

/// Where the audit log begins or ends: without it, records that are gone there would leave no gap.
struct AuditMark {
    enum Place: String {
        /// The last record that was pruned; there is no such mark before that.
        case start
        case end
    }

    let place: Place
    let chain: AuditChain

    /// `nil` where there is none; throws ``Damage`` when it is not one that the broker wrote.
    func position(in database: Database) throws -> AuditPosition? {
        let statement = try database.cachedStatement(
            sql: "SELECT sequence, chain, code FROM audit_marks WHERE place = ?")
        guard let row = try Row.fetchOne(statement, arguments: [place.rawValue]) else { return nil }
        guard let sequence = try? row.value("sequence", as: Int64.self),
            let link = try? row.value("chain", as: Data.self)
        else { throw Damage() }
        let position = AuditPosition(sequence: sequence, chain: link)
        guard row["code"] as DatabaseValue == chain.code(of: place, at: position).databaseValue else { throw Damage() }
        return position
    }

    func move(to position: AuditPosition, in database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO audit_marks (place, sequence, chain, code) VALUES (?, ?, ?, ?)"
        ).execute(
            arguments: [place.rawValue, position.sequence, position.chain, chain.code(of: place, at: position)]
        )
    }

    struct Damage: Error {}
}
