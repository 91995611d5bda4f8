import Broker
import GRDB

extension StoreContents {
    /// What can be read; what cannot is named, and does not keep the rest from being read.
    init(_ extent: StoreExtent, of database: Database) throws {
        let (clients, others) = try Self.clients(extent, of: database)
        var unreadable = others
        var keys: [AccessKey] = []
        unreadable += try Table.accessKeys.readRows(extent, of: database) { keys.append(try AccessKey(row: $0)) }
        var tokens: [SealedToken] = []
        unreadable += try Table.tokens.readRows(extent, of: database) { tokens.append(try SealedToken(row: $0)) }
        self.init(keys: keys, clients: clients, tokens: tokens, unreadable: unreadable)
    }

    static func clients(
        _ extent: StoreExtent = .everything, of database: Database
    ) throws -> (clients: [Client], unreadable: [UnreadableRecord]) {
        var credentials: [String: [Client.Credential]] = [:]
        var unreadable = try Table.clientSecrets.readRows(extent, of: database) {
            credentials[try $0.value("client_id"), default: []].append(try Client.Credential(row: $0))
        }
        var identities: [String: Set<Identity>] = [:]
        unreadable += try Table.clientUsers.readRows(extent, of: database) {
            identities[try $0.value("client_id"), default: []].insert(.user(try $0.value("uid")))
        }
        unreadable += try Table.clientCertificateNames.readRows(extent, of: database) {
            guard let kind = CertificateName.Kind(rawValue: try $0.value("kind")) else { return }
            let name = try CertificateName(kind, $0.value("name"))
            identities[try $0.value("client_id"), default: []].insert(.certificate(name))
        }
        var grants: [String: Set<ProjectID>] = [:]
        unreadable += try Table.grants.readRows(extent, of: database) {
            let project = try ProjectID($0.value("project_id", as: String.self))
            grants[try $0.value("client_id"), default: []].insert(project)
        }
        var clients: [Client] = []
        unreadable += try Table.clients.readRows(extent, of: database) { row in
            let id: String = try row.value("client_id")
            clients.append(
                try Client(
                    row: row, credentials: credentials[id] ?? [], identities: identities[id] ?? [],
                    grants: grants[id] ?? []
                )
            )
        }
        return (clients, unreadable)
    }
}
