import Broker
import GRDB

extension StoreContents {
    /// What can be read; what cannot is named, and does not keep the rest from being read.
    init(_ extent: StoreExtent, of database: Database) throws {
        var unreadable: [UnreadableRecord] = []
        func readAll(_ table: Table, _ read: (Row) throws -> Void) throws {
            let rows = try Row.fetchCursor(
                database, sql: "SELECT * FROM \(table.rawValue) WHERE \(table.filter(to: extent))",
                arguments: extent.arguments
            )
            while let row = try rows.next() {
                do {
                    try read(row)
                } catch {
                    unreadable.append(UnreadableRecord(row, of: table, reason: error))
                }
            }
        }
        var credentials: [String: [Client.Credential]] = [:]
        try readAll(.clientSecrets) {
            credentials[try $0.value("client_id"), default: []].append(try Client.Credential(row: $0))
        }
        var identities: [String: Set<Identity>] = [:]
        try readAll(.clientUsers) {
            identities[try $0.value("client_id"), default: []].insert(.user(try $0.value("uid")))
        }
        try readAll(.clientCertificateNames) {
            guard let kind = CertificateName.Kind(rawValue: try $0.value("kind")) else { return }
            let name = try CertificateName(kind, $0.value("name"))
            identities[try $0.value("client_id"), default: []].insert(.certificate(name))
        }
        var grants: [String: Set<ProjectID>] = [:]
        try readAll(.grants) {
            let project = try ProjectID($0.value("project_id", as: String.self))
            grants[try $0.value("client_id"), default: []].insert(project)
        }
        var clients: [Client] = []
        try readAll(.clients) { row in
            let id: String = try row.value("client_id")
            clients.append(
                try Client(
                    row: row, credentials: credentials[id] ?? [], identities: identities[id] ?? [],
                    grants: grants[id] ?? []
                )
            )
        }
        var keys: [AccessKey] = []
        try readAll(.accessKeys) { keys.append(try AccessKey(row: $0)) }
        var tokens: [SealedToken] = []
        try readAll(.tokens) { tokens.append(try SealedToken(row: $0)) }
        self.init(keys: keys, clients: clients, tokens: tokens, unreadable: unreadable)
    }
}

private enum Table: String {
    case accessKeys = "access_keys"
    case tokens
    case clients
    case clientSecrets = "client_secrets"
    case clientUsers = "client_users"
    case clientCertificateNames = "client_certificate_names"
    case grants

    /// An SQL condition for the rows that belong to an extent, with its arguments by name.
    func filter(to extent: StoreExtent) -> String {
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
