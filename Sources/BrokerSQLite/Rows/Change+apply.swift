import Broker
import Foundation
import GRDB

extension Change {
    func apply(to writer: inout RegistryWriter) throws {
        switch self {
        case .addKey(let key):
            try key.insert(into: &writer)
        case .setKeyState(let id, let state):
            try writer.update(.accessKeys, set: "state", to: state.rawValue, where: ["key_id": id.description])
        case .removeKey(let id):
            try writer.delete(from: .accessKeys, where: ["key_id": id.description])
        case .addClient(let client):
            try client.insert(into: &writer)
        case .setClientEnabled(let id, let isEnabled):
            try writer.update(.clients, set: "enabled", to: isEnabled, where: ["client_id": id.description])
        case .removeClient(let id):
            for table: Table in [.grants, .clientCertificateNames, .clientUsers, .clientSecrets, .clients] {
                try writer.delete(from: table, where: ["client_id": id.description])
            }
        case .setIdentities(let identities, let client):
            try client.replaceIdentities(with: identities, in: &writer)
        case .grant(let project, let client):
            // A row that cannot be read may be in the way.
            try client.deleteGrant(of: project, from: &writer)
            try client.insertGrant(of: project, into: &writer)
        case .revoke(let project, let client):
            try client.deleteGrant(of: project, from: &writer)
        case .addSecret(let credential, let client):
            try credential.insert(for: client, into: &writer)
        case .endSecret(let verifier, let client, let date):
            try writer.update(
                .clientSecrets, set: "expires_at", to: date.millisecondsSince1970,
                where: verifier.row(of: client)
            )
        case .removeSecret(let verifier, let client):
            try writer.delete(from: .clientSecrets, where: verifier.row(of: client))
        case .putToken(let token):
            try token.put(in: writer.database)
        }
    }
}

extension ClientSecretVerifier {
    fileprivate func row(of client: ClientID) -> RegistryWriter.Values {
        ["client_id": client.description, "verifier": Data(bytes)]
    }
}
