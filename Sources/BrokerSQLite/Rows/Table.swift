import Broker
import GRDB

/// A table of what the broker reads at its start.
enum Table: String, CaseIterable {
    case accessKeys = "access_keys"
    case tokens
    case clients
    case clientSecrets = "client_secrets"
    case clientUsers = "client_users"
    case clientCertificateNames = "client_certificate_names"
    case grants

    /// What the MAC of a row covers: all that decides who may get what, and is not bound to its place by being sealed.
    var authenticatedColumns: [String] {
        switch self {
        case .accessKeys:
            ["key_id", "project_id", "version", "name", "token_endpoint", "scope", "state", "created_at"]
        case .tokens: []
        case .clients: ["client_id", "enabled", "created_at"]
        case .clientSecrets: ["client_id", "verifier", "created_at", "expires_at"]
        case .clientUsers: ["client_id", "uid"]
        case .clientCertificateNames: ["client_id", "kind", "name"]
        case .grants: ["client_id", "project_id"]
        }
    }

    var isAuthenticated: Bool { !authenticatedColumns.isEmpty }

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
    var arguments: StatementArguments {
        guard case .part(let projects, let keys, let clients) = self else { return [] }
        func array(_ ids: some Sequence<some CustomStringConvertible>) -> String {
            // An ID has no character that JSON would escape.
            "[" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        }
        return ["projects": array(projects), "keys": array(keys), "clients": array(clients)]
    }
}
