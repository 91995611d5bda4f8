import Broker
import GRDB

/// A table whose rows are read one by one, so that one that is damaged does not keep the others from being read.
enum Table: String {
    case accessKeys = "access_keys"
    case tokens
    case clients
    case clientSecrets = "client_secrets"
    case clientUsers = "client_users"
    case clientCertificateNames = "client_certificate_names"
    case grants

    /// Calls `read` for each row; returns those that it throws on.
    func readRows(
        _ extent: StoreExtent = .everything, of database: Database, _ read: (Row) throws -> Void
    ) throws -> [UnreadableRecord] {
        var unreadable: [UnreadableRecord] = []
        let rows = try Row.fetchCursor(
            database, sql: "SELECT * FROM \(rawValue) WHERE \(filter(to: extent))", arguments: extent.arguments
        )
        while let row = try rows.next() {
            do {
                try read(row)
            } catch {
                unreadable.append(UnreadableRecord(row, of: self, reason: error))
            }
        }
        return unreadable
    }

    /// An SQL condition for the rows that belong to an extent, with its arguments by name.
    private func filter(to extent: StoreExtent) -> String {
        if case .everything = extent { return "true" }
        return switch self {
        case .clients, .clientSecrets, .clientUsers, .clientCertificateNames, .grants: Self.isOfClient
        case .accessKeys: Self.isOfProject
        case .tokens: "key_id IN (SELECT key_id FROM access_keys WHERE \(Self.isOfProject))"
        }
    }

    private static let isOfClient = "client_id IN (SELECT value FROM json_each(:clients))"
    private static let isOfProject = """
        project_id IN (
            SELECT value FROM json_each(:projects)
            UNION SELECT project_id FROM access_keys WHERE key_id IN (SELECT value FROM json_each(:keys))
            UNION SELECT project_id FROM grants WHERE \(isOfClient)
        )
        """
}

extension StoreExtent {
    /// The IDs, each kind as one JSON array.
    fileprivate var arguments: StatementArguments {
        guard case .part(let projects, let keys, let clients) = self else { return [] }
        func array(_ ids: some Sequence<some CustomStringConvertible>) -> String {
            // An ID has no character that JSON would escape.
            "[" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        }
        return ["projects": array(projects), "keys": array(keys), "clients": array(clients)]
    }
}

extension UnreadableRecord {
    /// Names the record by its IDs, which are not secret.
    fileprivate init(_ row: Row, of table: Table, reason: any Error) {
        let ids = ["key_id", "client_id", "project_id"].compactMap { column in
            row.hasColumn(column) ? String.fromDatabaseValue(row[column] as DatabaseValue) : nil
        }
        let isEnabledKey = table == .accessKeys && row["state"] as DatabaseValue != "disabled".databaseValue
        self.init(
            "\(table.rawValue) \(ids.joined(separator: " "))",
            enabledKey: isEnabledKey ? ids.first.flatMap { try? KeyID($0) } : nil, reason: reason
        )
    }
}
