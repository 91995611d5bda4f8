import Broker
import Foundation
import GRDB

extension Client {
    init(row: Row, credentials: [Credential], identities: Set<Identity>, grants: Set<ProjectID>) throws {
        self.init(
            id: try ClientID(row.value("client_id", as: String.self)), isEnabled: try row.value("enabled"),
            credentials: credentials.sorted { $0.created > $1.created }, identities: identities, grants: grants,
            created: try row.date("created_at")
        )
    }

    func insert(into database: Database) throws {
        try database.execute(
            sql: "INSERT INTO clients (client_id, enabled, created_at) VALUES (?, ?, ?)",
            arguments: [id.description, isEnabled, created.millisecondsSince1970]
        )
        for credential in credentials { try credential.insert(for: id, into: database) }
        try id.insert(identities, into: database)
        for project in grants { try id.insertGrant(of: project, into: database) }
    }
}

extension ClientID {
    func replaceIdentities(with identities: Set<Identity>, in database: Database) throws {
        for table in ["client_users", "client_certificate_names"] {
            try database.execute(sql: "DELETE FROM \(table) WHERE client_id = ?", arguments: [description])
        }
        try insert(identities, into: database)
    }

    func insert(_ identities: Set<Identity>, into database: Database) throws {
        for identity in identities {
            switch identity {
            case .user(let user):
                try database.execute(
                    sql: "INSERT INTO client_users (client_id, uid) VALUES (?, ?)", arguments: [description, user]
                )
            case .certificate(let name):
                try database.execute(
                    sql: "INSERT INTO client_certificate_names (client_id, kind, name) VALUES (?, ?, ?)",
                    arguments: [description, name.kind.rawValue, name.name]
                )
            }
        }
    }

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

    init(row: Row) throws {
        self.init(
            verifier: ClientSecretVerifier(bytes: Array(try row.value("verifier", as: Data.self))),
            created: try row.date("created_at"), expires: try row.optionalDate("expires_at"),
            lastUsed: try row.optionalDate("last_used_at")
        )
    }
}
