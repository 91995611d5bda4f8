import Broker
import GRDB

extension StoreContents {
    /// What can be read; what cannot is named, and does not keep the rest from being read.
    init(_ reader: inout RegistryReader) throws {
        let clients = try Self.clients(&reader)
        var keys: [AccessKey] = []
        try reader.read(.accessKeys) { keys.append(try AccessKey(row: $0)) }
        var tokens: [SealedToken] = []
        try reader.read(.tokens) { tokens.append(try SealedToken(row: $0)) }
        self.init(keys: keys, clients: clients, tokens: tokens, unreadable: reader.unreadable)
    }

    static func clients(_ reader: inout RegistryReader) throws -> [Client] {
        var credentials: [String: [Client.Credential]] = [:]
        try reader.read(.clientSecrets) {
            credentials[try $0.value("client_id"), default: []].append(try Client.Credential(row: $0))
        }
        var identities: [String: Set<Identity>] = [:]
        try reader.read(.clientUsers) {
            identities[try $0.value("client_id"), default: []].insert(.user(try $0.value("uid")))
        }
        try reader.read(.clientCertificateNames) {
            guard let kind = CertificateName.Kind(rawValue: try $0.value("kind")) else { return }
            let name = try CertificateName(kind, $0.value("name"))
            identities[try $0.value("client_id"), default: []].insert(.certificate(name))
        }
        var grants: [String: Set<ProjectID>] = [:]
        try reader.read(.grants) {
            let project = try ProjectID($0.value("project_id", as: String.self))
            grants[try $0.value("client_id"), default: []].insert(project)
        }
        var clients: [Client] = []
        try reader.read(.clients) { row in
            let id: String = try row.value("client_id")
            clients.append(
                try Client(
                    row: row, credentials: credentials[id] ?? [], identities: identities[id] ?? [],
                    grants: grants[id] ?? []
                )
            )
        }
        return clients
    }
}
