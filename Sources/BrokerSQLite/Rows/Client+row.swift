import Broker
import Foundation
import GRDB

extension Client {
    init(row: Row, credentials: [Credential], identities: Set<Identity>, grants: Set<ProjectID>) throws {
        self.init(
            id: try ClientID(row.value("client_id", as: String.self)), isEnabled: try row.value("enabled"),
            credentials: credentials.sorted { $0.created > $1.created }, identities: identities, grants: grants,
            created: try row.date("created_at"), lastUsed: try row.optionalDate("last_used_at")
        )
    }

    func insert(into writer: inout RegistryWriter) throws {
        try writer.insert(
            ["client_id": id.description, "enabled": isEnabled, "created_at": created.millisecondsSince1970],
            into: .clients
        )
        for credential in credentials { try credential.insert(for: id, into: &writer) }
        try id.insert(identities, into: &writer)
        for project in grants { try id.insertGrant(of: project, into: &writer) }
    }
}

extension ClientID {
    func replaceIdentities(with identities: Set<Identity>, in writer: inout RegistryWriter) throws {
        for table: Table in [.clientUsers, .clientCertificateNames] {
            try writer.delete(from: table, where: ["client_id": description])
        }
        try insert(identities, into: &writer)
    }

    func insert(_ identities: Set<Identity>, into writer: inout RegistryWriter) throws {
        for identity in identities {
            switch identity {
            case .user(let user):
                try writer.insert(["client_id": description, "uid": user], into: .clientUsers)
            case .certificate(let name):
                try writer.insert(
                    ["client_id": description, "kind": name.kind.rawValue, "name": name.name],
                    into: .clientCertificateNames
                )
            }
        }
    }

    func insertGrant(of project: ProjectID, into writer: inout RegistryWriter) throws {
        try writer.insert(["client_id": description, "project_id": project.description], into: .grants)
    }

    func deleteGrant(of project: ProjectID, from writer: inout RegistryWriter) throws {
        try writer.delete(from: .grants, where: ["client_id": description, "project_id": project.description])
    }
}

extension Client.Credential {
    func insert(for client: ClientID, into writer: inout RegistryWriter) throws {
        try writer.insert(
            [
                "client_id": client.description, "verifier": Data(verifier.bytes),
                "created_at": created.millisecondsSince1970, "expires_at": expires?.millisecondsSince1970,
            ],
            into: .clientSecrets
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
