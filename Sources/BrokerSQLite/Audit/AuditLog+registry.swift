import Broker
import GRDB

extension AuditLog {
    /// Throws ``OperatorError`` if the registry's rows are not the set whose hash the mark of the log's end has.
    ///
    /// The mark must not be older than the newest record: else an attacker could replace mark and rows by earlier copies.
    ///
    /// - Parameter registry: The hash of all rows.
    func check(_ registry: MultisetHash, in database: Database) throws {
        let newest = try newest(in: database)
        guard let end = try? chain.mark(of: .end, in: database),
            end.position == newest || end.position.sequence > newest.sequence,
            let written = registryMACs.unmasked(end.registry)
        else { throw Self.unproven }
        guard registry == written else {
            throw OperatorError(
                .failed,
                "another program changed the database: rows of keys, clients or grants were added, removed or replaced by "
                    + "earlier copies",
                hint: Self.remedy
            )
        }
    }

    static var unproven: OperatorError {
        OperatorError(
            .failed,
            "cannot verify the database's keys, clients and grants: the mark at the end of the audit log is damaged, or "
                + "another program changed it",
            hint: remedy
        )
    }

    private static let remedy =
        "restore a backup; or run 'token-broker init' for an empty data directory, and register all keys and clients again"
}
