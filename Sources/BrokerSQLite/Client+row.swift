import Broker
import Foundation
import GRDB

extension Client {
    static func all(in database: Database) throws -> [Client] {
        let secrets = try rows(of: "client_secrets", in: database)
        let users = try rows(of: "client_users", in: database)
        let grants = try rows(of: "grants", in: database)
        return try Row.fetchAll(database, sql: "SELECT * FROM clients").map { row in
            let id: String = row["client_id"]
            return Client(
                id: try ClientID(id), isEnabled: row["enabled"],
                credentials: (secrets[id] ?? []).map(Credential.init(row:)).sorted { $0.created > $1.created },
                users: Set((users[id] ?? []).map { $0["uid"] }),
                grants: Set(try (grants[id] ?? []).map { try ProjectID($0["project_id"] as String) }),
                created: Date(millisecondsSince1970: row["created_at"])
            )
        }
    }

    private static func rows(of table: String, in database: Database) throws -> [String: [Row]] {
        Dictionary(grouping: try Row.fetchAll(database, sql: "SELECT * FROM \(table)")) { $0["client_id"] }
    }

    func insert(into database: Database) throws {
        try database.execute(
            sql: "INSERT INTO clients (client_id, enabled, created_at) VALUES (?, ?, ?)",
            arguments: [id.description, isEnabled, created.millisecondsSince1970]
        )
        for credential in credentials { try credential.insert(for: id, into: database) }
        for user in users {
            try database.execute(
                sql: "INSERT INTO client_users (client_id, uid) VALUES (?, ?)", arguments: [id.description, user]
            )
        }
        for project in grants { try id.insertGrant(of: project, into: database) }
    }
}

extension ClientID {
    func insertGrant(of project: ProjectID, into database: Database) throws {
        try database.execute(
            sql: "INSERT INTO grants (client_id, project_id) VALUES (?, ?)",
            arguments: [description, project.description]
        )
    }
}

extension Client.Credential {
    func insert(for client: ClientID, into database: Database) throws {
        try database.execute(
            sql: "INSERT INTO client_secrets (client_id, verifier, created_at, expires_at) VALUES (?, ?, ?, ?)",
            arguments: [
                client.description, Data(verifier.bytes), created.millisecondsSince1970, expires?.millisecondsSince1970,
            ]
        )
    }

    fileprivate init(row: Row) {
        self.init(
            verifier: ClientSecretVerifier(bytes: Array(row["verifier"] as Data)),
            created: Date(millisecondsSince1970: row["created_at"]),
            expires: (row["expires_at"] as Int64?).map(Date.init(millisecondsSince1970:))
        )
    }
}
