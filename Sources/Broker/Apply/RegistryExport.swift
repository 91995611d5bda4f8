import Foundation

/// `export`: returns the registry as a document that `apply` changes nothing for.
package struct RegistryExport: AdminRequest {
    package struct Reply: Codable, Sendable {
        package let keys: [Key]
        package let clients: [Client]
    }

    /// An access key, in a document's terms; never its secret.
    package struct Key: Codable, Sendable {
        package let keyID: KeyID
        package let projectID: ProjectID
        package let name: String?
        package let scope: String?
        package let tokenEndpoint: String?
        package let state: AccessKey.State

        init(_ key: AccessKey) {
            keyID = key.id
            projectID = key.project
            name = key.name
            scope = key.scope.isEmpty ? nil : key.scope.description
            tokenEndpoint = key.tokenEndpoint?.absoluteString
            state = key.state
        }
    }

    /// A client, in a document's terms.
    package struct Client: Codable, Sendable {
        package let clientID: ClientID
        package let projects: [ProjectID]
        package let users: [UInt32]?
        package let certificateNames: [CertificateName]?
        /// Where `apply` writes a secret if the client has none.
        package let secretFile: String?
        package let enabled: Bool

        init(_ client: Broker.Client, at now: Moment) {
            clientID = client.id
            projects = client.grants.sorted()
            users = client.users.isEmpty ? nil : client.users.sorted()
            certificateNames = client.certificateNames.isEmpty ? nil : client.certificateNames.sorted()
            let hasSecret = client.credentials.contains { $0.isLive(at: now.wall) }
            secretFile = hasSecret ? "\(client.id).secret" : nil
            enabled = client.isEnabled
        }
    }

    package init() {}

    package var extent: StoreExtent { .everything }

    package func perform(by administrator: Administrator) async throws -> Reply {
        let core = administrator.core
        guard core.unreadable.isEmpty else {
            throw OperatorError(
                .failed,
                "\(core.unreadable.count) records of the database cannot be read, so the export would be incomplete",
                hint: "the broker's log names them: add them again, or restore a backup"
            )
        }
        let keys = core.registry.keys.sorted { ($0.project, $0.id) < ($1.project, $1.id) }
        let clients = core.registry.clients.sorted { $0.id < $1.id }
        return Reply(keys: keys.map(Key.init), clients: clients.map { Client($0, at: core.clock.now) })
    }
}
