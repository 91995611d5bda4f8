import Broker
import GRDB

extension AuditLog {
    /// Throws ``OperatorError`` where the rows of the registry are not the set that the mark of the log's end tells of.
    ///
    /// The mark counts if no record is newer: else somebody may have put back both, mark and rows.
    ///
    /// - Parameter registry: of all rows that there are.
    func check(_ registry: MultisetHash, in database: Database) throws {
        let newest = try newest(in: database)
        guard let end = try? chain.mark(of: .end, in: database),
            end.position == newest || end.position.sequence > newest.sequence,
            let written = registryMACs.unmasked(end.registry)
        else { throw Self.unproven }
        guard registry == written else {
            throw OperatorError(
                .failed,
                "the database's keys, clients and grants are not those that the broker wrote: rows were added, removed, or "
                    + "put back as they were earlier",
                hint: Self.remedy
            )
        }
    }

    static var unproven: OperatorError {
        OperatorError(
            .failed,
            "the mark at the end of the audit log is damaged or was changed: it does not show that the database's keys, "
                + "clients and grants are those that the broker wrote",
            hint: remedy
        )
    }

    private static let remedy =
        "restore a backup; or, in an empty data directory, run 'token-broker init', and register keys and clients anew"
}
