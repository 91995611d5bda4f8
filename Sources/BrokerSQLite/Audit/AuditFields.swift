import Broker
import GRDB

/// What a record says, in the order of the table's columns, as it is chained and stored.
struct AuditFields {
    let values: [String?]
    var action: String? { values[2] }

    init(_ record: AuditRecord) {
        values = [
            "\(record.at.millisecondsSince1970)", "\(record.actor)", record.action.rawValue,
            record.project?.description, record.key?.description, record.client?.description,
            record.token?.fingerprint, record.outcome,
        ]
    }

    /// Throws ``DamagedValue`` where the table holds what the broker never writes.
    init(row: Row) throws {
        values =
            ["\(try row.value("at", as: Int64.self))", try row.value("actor"), try row.value("action")]
            + (try ["project_id", "key_id", "client_id", "token"].map { try row.optional($0) })
            + [try row.value("outcome")]
    }
}
