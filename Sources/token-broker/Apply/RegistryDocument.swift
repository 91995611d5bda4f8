import ArgumentParser
import Broker
import BrokerSQLite
import Foundation

/// The keys, clients and grants that a file names.
struct RegistryDocument {
    let wanted: WantedRegistry
    /// Where the clients that have one find their secret.
    let secretFiles: [ClientID: String]
    private let files: SecretFiles

    /// - Parameters:
    ///   - file: what the document is called.
    ///   - files: the files that the document may name.
    /// - Throws: ``OperatorError``, which says in which line a mistake is.
    init(_ document: String, called file: String, naming files: SecretFiles) throws {
        self.files = files
        guard let root = try DocumentNode(document: document, called: file) else {
            throw OperatorError(.invalid, "\(file): there is nothing in it", hint: "it has 'keys', 'clients' or both")
        }
        let lists = try root.fields(["keys", "clients", "removed"])
        let removed = try lists["removed"]?.fields(["keys", "clients"]) ?? [:]
        func ids<Value: Hashable>(_ name: String, _ read: (String) throws -> Value) throws -> Set<Value> {
            Set(try removed[name]?.list().map { try $0.value(read) } ?? [])
        }
        var secretFiles: [ClientID: String] = [:]
        wanted = WantedRegistry(
            keys: try lists["keys"]?.list().map { try WantedKey($0, files) },
            clients: try lists["clients"]?.list().map { node in
                let (client, secretFile) = try WantedClient.read(node, files)
                secretFiles[client.clientID] = secretFile
                return client
            },
            removedKeys: try ids("keys", KeyID.argument), removedClients: try ids("clients", ClientID.argument)
        )
        self.secretFiles = secretFiles
    }

    /// The clients, some with the secret that is in their file; where the file is not there, it is made.
    ///
    /// Before anybody hears of the secret, so that none is ever lost.
    func clients(withSecretsOf new: Set<ClientID>) throws -> [WantedClient]? {
        try wanted.clients?.map { client in
            guard new.contains(client.clientID), let file = secretFiles[client.clientID] else { return client }
            var client = client
            client.secret = try secret(in: file).reveal()
            return client
        }
    }

    private func secret(in file: String) throws -> Secret {
        let name = "the client secret's file"
        if FileManager.default.fileExists(atPath: file) {
            // It may have been made just before the power failed.
            try PrivateFile.syncDirectory(of: file, called: name)
            return try files.secret(in: file)
        }
        let secret = ClientSecret.generate()
        try PrivateFile.create(file, Array(secret.reveal().utf8), mode: 0o600, called: name)
        return secret
    }
}

extension WantedKey {
    fileprivate init(_ node: DocumentNode, _ files: SecretFiles) throws {
        let fields = try node.fields(
            ["key_id", "project_id", "secret_file", "name", "state", "scope", "token_endpoint"])
        self.init(
            projectID: try node.required("project_id", of: fields, ProjectID.argument),
            keyID: try node.required("key_id", of: fields, KeyID.argument),
            name: try fields["name"]?.value { $0.isEmpty ? nil : $0 },
            tokenEndpoint: try fields["token_endpoint"]?.value { $0 },
            scope: try fields["scope"]?.value { $0 } ?? "",
            secret: try fields["secret_file"]?.value { try files.secret(in: files.path($0)) },
            state: try fields["state"]?.value(AccessKey.State.argument), location: node.location
        )
    }
}

extension WantedClient {
    fileprivate static func read(
        _ node: DocumentNode, _ files: SecretFiles
    ) throws -> (client: WantedClient, secretFile: String?) {
        let fields = try node.fields(
            ["client_id", "projects", "users", "certificate_names", "secret_file", "enabled"])
        func set<Value: Hashable>(_ name: String, _ read: (String) throws -> Value) throws -> Set<Value> {
            Set(try fields[name]?.list().map { try $0.value(read) } ?? [])
        }
        let client = WantedClient(
            clientID: try node.required("client_id", of: fields, ClientID.argument),
            projects: try set("projects", ProjectID.argument), users: try set("users", UInt32.user),
            certificateNames: try set("certificate_names") { try CertificateName($0) },
            hasSecret: fields["secret_file"] != nil, enabled: try fields["enabled"]?.bool(), location: node.location
        )
        return (client, try fields["secret_file"]?.value(files.path))
    }
}

extension DocumentNode {
    fileprivate func required<Value>(
        _ name: String, of fields: [String: DocumentNode], _ read: (String) throws -> Value
    ) throws -> Value {
        guard let field = fields[name] else { throw mistake("there is no '\(name)'") }
        return try field.value(read)
    }
}

extension AccessKey.State {
    fileprivate static func argument(_ text: String) throws -> Self {
        guard let state = Self(rawValue: text) else { throw ValidationError("it is active, standby or disabled") }
        return state
    }
}
