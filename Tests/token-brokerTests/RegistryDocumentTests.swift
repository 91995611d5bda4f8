import ArgumentParser
import Broker
import BrokerTesting
import Foundation
import Testing

@testable import token_broker

struct RegistryDocumentTests {
    private static let document = """
        # What billing needs.
        keys:
          - key_id: 6f2b
            project_id: my-project
            secret_file: key.secret
            name: "for\\u0020billing"
            scope: 'b a'
            state: standby
            token_endpoint: https://auth.example.org/oauth2/token
          - {key_id: 7, project_id: other}
        clients:
          - client_id: billing
            projects: [my-project, other]
            users: [1001, root]
            certificate_names:
              - uri:spiffe://example.org/billing
              - dns:Billing.example.org
            secret_file: /elsewhere/billing.secret
            enabled: no
        """
    /// Each with what is wrong, and where.
    private static let mistakes = [
        ("", "f: there is nothing in it"),
        ("# nothing\n", "f: there is nothing in it"),
        ("keys", "f:1: here are fields: keys, clients"),
        ("[]", "f:1: here are fields: keys, clients"),
        ("key: []", "f:1: there is no field 'key' here"),
        ("keys:\n", "f:1: keys: this is a list; an empty one is []"),
        ("keys: {}", "f:1: keys: this is a list; an empty one is []"),
        ("keys:\n- a", "f:2: keys: here are fields: key_id, "),
        ("keys:\n- key_id: a", "f:2: keys: there is no 'project_id'"),
        ("clients:\n\n- users: [1]", "f:3: clients: there is no 'client_id'"),
        ("keys:\n- key_id: a b\n  project_id: p", "f:2: key_id: an ID has 1 to 128 letters"),
        ("keys:\n- key_id: a\n  project_id: ~", "f:3: project_id: this is a text"),
        ("keys:\n- key_id: a\n  project_id: ''", "f:3: project_id: an ID has 1 to 128 letters"),
        ("keys:\n- key_id: a\n  project_id: [p]", "f:3: project_id: this is a text"),
        ("keys:\n- key_id: a\n  project_id: p\n  state: on", "f:4: state: it is active, standby or disabled"),
        ("keys:\n- key_id: a\n  project_id: p\n  secret: hunter2", "f:4: there is no field 'secret' here"),
        ("keys:\n- key_id: a\n  project_id: p\n  secret_file: nope", "f:4: secret_file: cannot open '"),
        (
            "keys:\n- key_id: a\n  project_id: p\n  secret_file: /dev/null",
            "f:4: secret_file: '/dev/null' is not a plain file"
        ),
        ("keys:\n- key_id: a\n  project_id: p\n  secret_file: ''", "f:4: secret_file: expected the name of a file"),
        ("keys:\n- key_id: a\n  project_id: p\n  secret_file: /", "f:4: secret_file: '/' is a directory"),
        ("clients:\n- client_id: a\n  secret_file: ''", "f:3: secret_file: expected the name of a file"),
        ("keys:\n- key_id: a\n  key_id: b\n", "f:2: the field 'key_id' is there twice"),
        ("clients:\n- client_id: a\n  projects: p", "f:3: projects: this is a list; an empty one is []"),
        ("clients:\n- client_id: a\n  projects:\n  - p\n  - p q", "f:5: projects: an ID has 1 to 128 letters"),
        ("clients:\n- client_id: a\n  users: [nobody-here]", "f:3: users: there is no Unix user of this name"),
        ("clients:\n- client_id: a\n  users: [-1]", "f:3: users: there is no Unix user of this name"),
        ("clients:\n- client_id: a\n  certificate_names: [a]", "f:3: certificate_names: a name of a certificate"),
        ("clients:\n- client_id: a\n  certificate_names: ['dns:*']", "f:3: certificate_names: '*' is no DNS name"),
        ("clients:\n- client_id: a\n  enabled: maybe", "f:3: enabled: this is true or false"),
        ("keys:\n\t- key_id: a", "f:2: while scanning for the next token, found character"),
        ("keys: [", "f:2: while parsing a flow node"),
        ("keys: []\n---\nkeys: []", "f:2: expected a single document in the stream, but found another document"),
        ("keys: []\nclients: \u{7}", "f:2: "),
        ("keys: *nowhere", "f:1: YAML aliases are not supported"),
        ("keys:\n- &a {key_id: a}\n- *a", "f:3: YAML aliases are not supported"),
        ("&a [b]: c\n? [*a, *a]\n: d", "f:2: YAML aliases are not supported"),
        (String(repeating: "[", count: 100_000), "f:1: while parsing"),
        ("keys:\n- [[[[[[[]]]]]]]", "f:2: lists and fields are nested more than 8 levels deep"),
        ("keys:\n- &a {key_id: '*a'} # *a\n", "f:2: keys: there is no 'project_id'"),
    ]

    /// The document, as if it stood in a file of this path; the broker's own files are in `/data`.
    private func read(_ document: String, called file: String) throws -> RegistryDocument {
        let ownFiles = OwnFiles(try Configuration(Settings.parse([]), environment: ["TOKEN_BROKER_DATA_DIR": "/data"]))
        return try RegistryDocument(document, called: file, naming: SecretFiles(of: file, except: ownFiles))
    }

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        #expect(
            FileManager.default.createFile(
                atPath: folder.path + "/key.secret", contents: Data("the-secret\n".utf8),
                attributes: [.posixPermissions: 0o600]))
        return folder
    }

    @Test func `a document says all that keys and clients are`() throws {
        let folder = try folder()
        let read = try self.read(Self.document, called: folder.path + "/registry.yaml")
        let keys = try #require(read.wanted.keys)
        #expect(keys.map(\.keyID.description) == ["6f2b", "7"] && keys[1].secret == nil && keys[1].scope == "")
        #expect(keys[0].secret == "the-secret" && keys[0].name == "for billing" && keys[0].state == .standby)
        #expect(keys[0].scope == "b a" && keys[0].tokenEndpoint == "https://auth.example.org/oauth2/token")
        #expect(keys.map(\.location) == [folder.path + "/registry.yaml:3", folder.path + "/registry.yaml:10"])
        let client = try #require(read.wanted.clients?.first)
        #expect(client.projects.map(\.description).sorted() == ["my-project", "other"])
        #expect(client.users == [0, 1001] && client.enabled == false && client.hasSecret && client.secret == nil)
        #expect(
            client.certificateNames.map(\.description).sorted()
                == ["dns:billing.example.org", "uri:spiffe://example.org/billing"])
        #expect(read.secretFiles == [client.clientID: "/elsewhere/billing.secret"])
    }

    @Test func `JSON is understood as well, however it is indented`() throws {
        let json = "{\n\t\"clients\": [\n\t\t{\"client_id\": \"a\\/b\", \"users\": [1], \"enabled\": true}\n\t]\n}"
        let read = try self.read(json.replacing("\\/b", with: ""), called: "f")
        #expect(read.wanted.keys == nil && read.wanted.clients?.map(\.clientID.description) == ["a"])
    }

    @Test(arguments: mistakes)
    func `a mistake is said, and in which line it is`(document: String, said: String) throws {
        let error = #expect(throws: OperatorError.self) { try read(document, called: "f") }
        #expect(error?.message.hasPrefix(said) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test func `whatever is in a document, it is read or it is said where it is wrong`() throws {
        let folder = try folder()
        var dice = Dice(seed: 19)
        let bytes = Array(Self.document.utf8)
        for _ in 0..<3000 {
            var changed = bytes
            for _ in 0...Int.random(in: 0..<3, using: &dice) {
                let place = Int.random(in: 0..<changed.count, using: &dice)
                switch Int.random(in: 0..<3, using: &dice) {
                case 0: changed.remove(at: place)
                case 1: changed[place] = UInt8.random(in: 0..<128, using: &dice)
                default: changed.insert(contentsOf: changed[place...].prefix(20), at: 0)
                }
            }
            do {
                _ = try read(String(decoding: changed, as: UTF8.self), called: folder.path + "/f")
            } catch let error as OperatorError {
                #expect(error.message.contains("/f") && !error.message.contains("the-secret"), "\(error.message)")
            }
        }
    }

    @Test func `a client's secret is made once, for nobody else to read`() throws {
        let folder = try TemporaryFolder()
        let text = "clients:\n- client_id: a\n  secret_file: a.secret\n- client_id: b\n  users: [1]\n"
        let document = try read(text, called: folder.path + "/f")
        let ids = Set(try #require(document.wanted.clients).map(\.clientID))
        let file = folder.path + "/a.secret"
        #expect(try document.clients(withSecretsOf: [])?.map(\.secret) == [nil, nil])
        #expect(!FileManager.default.fileExists(atPath: file))
        let first = try document.clients(withSecretsOf: ids)?.map(\.secret)
        #expect(first?[0]?.hasPrefix("tbs_") == true && first?[1] == nil)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == first?[0])
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try document.clients(withSecretsOf: ids)?.map(\.secret) == first)
    }
}
