import Broker
import GRDB

extension StoreContents {
    /// Everything that can be read; what cannot is named, and does not keep the rest from being read.
    init(of database: Database) throws {
        var unreadable: [UnreadableRecord] = []
        func readAll(_ table: String, _ read: (Row) throws -> Void) throws {
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM \(table)")
            while let row = try rows.next() {
                do {
                    try read(row)
                } catch {
                    unreadable.append(UnreadableRecord(row, of: table, reason: error))
                }
            }
        }
        var credentials: [String: [Client.Credential]] = [:]
        try readAll("client_secrets") {
            credentials[try $0.value("client_id"), default: []].append(try Client.Credential(row: $0))
        }
        var users: [String: Set<UInt32>] = [:]
        try readAll("client_users") { users[try $0.value("client_id"), default: []].insert(try $0.value("uid")) }
        var grants: [String: Set<ProjectID>] = [:]
        try readAll("grants") {
            let project = try ProjectID($0.value("project_id", as: String.self))
            grants[try $0.value("client_id"), default: []].insert(project)
        }
        var clients: [Client] = []
        try readAll("clients") { row in
            let id: String = try row.value("client_id")
            clients.append(
                try Client(
                    row: row, credentials: credentials[id] ?? [], users: users[id] ?? [], grants: grants[id] ?? []
                )
            )
        }
        var keys: [AccessKey] = []
        try readAll("access_keys") { keys.append(try AccessKey(row: $0)) }
        var tokens: [SealedToken] = []
        try readAll("tokens") { tokens.append(try SealedToken(row: $0)) }
        self.init(keys: keys, clients: clients, tokens: tokens, unreadable: unreadable)
    }
}

extension UnreadableRecord {
    /// Names the record by its IDs, which are not secret.
    fileprivate init(_ row: Row, of table: String, reason: any Error) {
        let ids = ["key_id", "client_id", "project_id"].compactMap { column in
            row.hasColumn(column) ? String.fromDatabaseValue(row[column] as DatabaseValue) : nil
        }
        let isEnabledKey = table == "access_keys" && row["state"] as DatabaseValue != "disabled".databaseValue
        self.init(
            "\(table) \(ids.joined(separator: " "))",
            enabledKey: isEnabledKey ? ids.first.flatMap { try? KeyID($0) } : nil, reason: reason
        )
    }
}
