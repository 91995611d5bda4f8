import Broker
import Foundation
import GRDB

extension Change {
    func apply(to database: Database) throws {
        switch self {
        case .addKey(let key):
            try key.insert(into: database)
        case .setKeyState(let id, let state):
            try database.execute(
                sql: "UPDATE access_keys SET state = ? WHERE key_id = ?", arguments: [state.rawValue, id.description]
            )
        case .removeKey(let id):
            try database.execute(sql: "DELETE FROM access_keys WHERE key_id = ?", arguments: [id.description])
        case .addClient(let client):
            try client.insert(into: database)
        case .setClientEnabled(let id, let isEnabled):
            try database.execute(
                sql: "UPDATE clients SET enabled = ? WHERE client_id = ?", arguments: [isEnabled, id.description]
            )
        case .removeClient(let id):
            try database.execute(sql: "DELETE FROM clients WHERE client_id = ?", arguments: [id.description])
        case .setIdentities(let identities, let client):
            try client.replaceIdentities(with: identities, in: database)
        case .grant(let project, let client):
            try client.insertGrant(of: project, into: database)
        case .revoke(let project, let client):
            try database.execute(
                sql: "DELETE FROM grants WHERE client_id = ? AND project_id = ?",
                arguments: [client.description, project.description]
            )
        case .addSecret(let credential, let client):
            try credential.insert(for: client, into: database)
        case .endSecret(let verifier, let client, let date):
            try database.execute(
                sql: "UPDATE client_secrets SET expires_at = ? WHERE client_id = ? AND verifier = ?",
                arguments: [date.millisecondsSince1970, client.description, Data(verifier.bytes)]
            )
        case .removeSecret(let verifier, let client):
            try database.execute(
                sql: "DELETE FROM client_secrets WHERE client_id = ? AND verifier = ?",
                arguments: [client.description, Data(verifier.bytes)]
            )
        case .putToken(let token):
            try token.put(in: database)
        }
    }
}
