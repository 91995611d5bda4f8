import BrokerTesting
import Crypto
import Foundation
import GRDB
import Testing

@testable import Broker
@testable import BrokerSQLite

/// Somebody who can write the database but has no key gains nothing: the broker ignores edited rows, and does not start if
/// rows were added, removed or replaced by earlier copies.
struct RegistryIntegrityTests {
    private static let notTheBrokers = "another program changed the database"
    private static let unproven = "the mark at the end of the audit log"
    private let broker: StoredBroker
    private let sealer: MasterKeySealer

    /// `key-1` and `key-2` of `project-1`, and `client-1`, which is granted it, with a secret, a Unix user and a name.
    init() async throws {
        broker = try await StoredBroker()
        let (store, sealer) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        try store.close()
        self.sealer = sealer
        try await commit([
            .addKey(.test("key-1", sealer: sealer)), .addKey(.test("key-2", state: .standby, sealer: sealer)),
            .addClient(client("client-1")),
            .addClient(client("client-2")),
        ])
    }

    private func client(_ id: String) throws -> Client {
        Client(
            id: try ClientID(id), isEnabled: true,
            credentials: [credential(id.utf8.last!)],
            identities: [.user(1000), .certificate(try CertificateName(.dns, "a.internal"))],
            grants: [TestBroker.project], created: broker.clock.now.wall
        )
    }

    private func credential(_ byte: UInt8, expires: Date? = nil) -> Client.Credential {
        Client.Credential(
            verifier: ClientSecretVerifier(bytes: [UInt8](repeating: byte, count: 32)), created: broker.clock.now.wall,
            expires: expires
        )
    }

    private func withStore<Value>(_ body: (SQLiteStore) async throws -> Value) async throws -> Value {
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        defer { try? store.close() }
        return try await body(store)
    }

    private var record: AuditRecord { AuditRecord(at: broker.clock.now.wall, actor: .broker, action: .keyAdded) }

    private func commit(_ changes: [Change]) async throws {
        try await withStore { try await $0.commit(changes, recording: [record]) }
    }

    private func contents() async throws -> StoreContents {
        try await withStore { try await $0.contents(of: .everything) }
    }

    /// - Parameter earlier: a data directory whose database is `earlier` in the statements.
    private func tamper(_ sql: String, with earlier: StoredBroker? = nil) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        try DatabaseQueue(path: broker.directory.database, configuration: configuration).inDatabase { database in
            if let earlier {
                try database.execute(sql: "ATTACH DATABASE ? AS earlier", arguments: [earlier.directory.database])
            }
            try database.execute(sql: "PRAGMA ignore_check_constraints = ON; " + sql)
            if earlier != nil { try database.execute(sql: "DETACH DATABASE earlier") }
        }
    }

    private func expectRefusal(_ message: String = notTheBrokers, _ comment: Comment? = nil) async throws {
        let error = await #expect(throws: OperatorError.self, comment) { try await contents() }
        #expect(error?.message.contains(message) ?? false, "\(String(describing: error))")
        #expect(error?.hint != nil)
    }

    @Test(arguments: [
        "UPDATE clients SET enabled = 0", "UPDATE clients SET created_at = 1",
        "UPDATE client_users SET uid = 0", "UPDATE client_certificate_names SET name = 'b.internal'",
        "UPDATE client_certificate_names SET kind = 'uri'", "UPDATE client_secrets SET expires_at = 9999999999999",
        "UPDATE client_secrets SET verifier = zeroblob(32)", "UPDATE client_secrets SET created_at = 1",
        "UPDATE grants SET project_id = 'project-2'", "UPDATE access_keys SET project_id = 'project-2'",
        "UPDATE access_keys SET token_endpoint = 'https://elsewhere.example/token'",
        "UPDATE access_keys SET scope = 'more'", "UPDATE access_keys SET name = 'another'",
        "UPDATE access_keys SET name = ''", "UPDATE access_keys SET state = 'standby'",
        "UPDATE access_keys SET version = 2", "UPDATE access_keys SET created_at = 1",
    ])
    func `a row that was edited is left out, and named`(edit: String) async throws {
        let isOfKey = edit.contains("access_keys")
        try tamper(edit + (isOfKey ? " WHERE key_id = 'key-1'" : " WHERE client_id = 'client-1'"))
        let contents = try await contents()
        let record = try #require(contents.unreadable.first)
        #expect(contents.unreadable.count == 1)
        #expect(record.name.contains(isOfKey ? "key-1" : "client-1"), "\(record)")
        #expect(record.reason.contains("authentication code"), "\(record)")
        let client = contents.clients.first { $0.id.description == "client-1" }
        #expect(contents.keys.count == (isOfKey ? 1 : 2))
        // The other client has everything.
        let other = try #require(contents.clients.first { $0.id.description == "client-2" })
        #expect(other.isEnabled && other.credentials.count == 1 && other.identities.count == 2)
        #expect(other.grants == [TestBroker.project])
        if isOfKey { return }
        let rows = 1 + 2 + 1 + 1
        let left = client.map { 1 + $0.identities.count + $0.credentials.count + $0.grants.count } ?? 0
        #expect(left == (edit.contains("UPDATE clients ") ? 0 : rows - 1))
    }

    @Test(arguments: [
        "DELETE FROM grants WHERE client_id = 'client-1'", "DELETE FROM access_keys WHERE key_id = 'key-2'",
        "DELETE FROM client_secrets", "DELETE FROM client_users", "DELETE FROM client_certificate_names",
        "DELETE FROM clients",
        "INSERT INTO grants (client_id, project_id) VALUES ('client-1', 'project-2')",
        "INSERT INTO client_users (client_id, uid) VALUES ('client-1', 0)",
        "INSERT INTO grants SELECT 'client-1', 'project-2', mac FROM grants WHERE client_id = 'client-1'",
        "UPDATE grants SET mac = (SELECT mac FROM clients)", "UPDATE clients SET mac = zeroblob(32)",
    ])
    func `rows that somebody removed or added keep the broker from starting`(edit: String) async throws {
        try tamper(edit)
        try await expectRefusal()
    }

    @Test func `a code counts in its own row`() async throws {
        try tamper(
            """
            CREATE TEMP TABLE codes AS SELECT client_id, mac FROM grants;
            UPDATE grants SET mac = (SELECT mac FROM codes WHERE codes.client_id <> grants.client_id)
            """
        )
        // The set of codes is the same.
        #expect(try await contents().unreadable.count == 2)
    }

    @Test(arguments: BrokerSQLite.Table.allCases.filter(\.isAuthenticated))
    func `rows that were put back as they were keep the broker from starting`(table: BrokerSQLite.Table) async throws {
        let client = try ClientID("client-1")
        let change: Change =
            switch table {
            case .accessKeys, .tokens: try .setKeyState(KeyID("key-1"), .disabled)
            case .clients: .setClientEnabled(client, false)
            case .clientSecrets: .removeSecret(credential(0x31).verifier, of: client)
            case .clientUsers, .clientCertificateNames: .setIdentities([], of: client)
            case .grants: .revoke(TestBroker.project, from: client)
            }
        let earlier = try broker.copy()
        try await commit([change])
        let mark =
            "UPDATE audit_marks SET (sequence, chain, registry, code) = "
            + "(SELECT sequence, chain, registry, code FROM earlier.audit_marks)"
        let condition = "\(table == .accessKeys ? "key_id" : "client_id") IN ('client-1', 'key-1')"
        let putBack = """
            DELETE FROM \(table.rawValue) WHERE \(condition);
            INSERT INTO \(table.rawValue) SELECT * FROM earlier.\(table.rawValue) WHERE \(condition)
            """
        let now = try broker.copy()
        try tamper(putBack, with: earlier)
        try await expectRefusal()
        try FileManager.default.removeItem(atPath: broker.directory.database)
        try FileManager.default.copyItem(atPath: now.directory.database, toPath: broker.directory.database)
        // With the mark of its time.
        try tamper(putBack + "; " + mark, with: earlier)
        try await expectRefusal(Self.unproven)
        // What is recorded next does not make it right.
        try await withStore { try await $0.record(record) }
        try await expectRefusal(Self.unproven)
        let refused = await #expect(throws: OperatorError.self) {
            try await commit([.removeClient(ClientID("client-1"))])
        }
        #expect(refused?.message.contains(Self.unproven) ?? false)
    }

    @Test(arguments: [
        "DELETE FROM audit_marks", "UPDATE audit_marks SET registry = x''",
        "UPDATE audit_marks SET registry = randomblob(64)",
        "UPDATE audit_marks SET sequence = 9",
    ])
    func `without the mark of the log's end nothing shows that the registry is right`(edit: String) async throws {
        try tamper(edit)
        try await expectRefusal(Self.unproven)
    }

    /// As somebody would make it who wants edits taken for what an old version left.
    @Test(arguments: [true, false])
    func `a newer database is not taken for one of schema 5`(keepsMark: Bool) async throws {
        var sql = "UPDATE grants SET project_id = 'project-2'; "
        for table in BrokerSQLite.Table.allCases where table.isAuthenticated {
            sql += "ALTER TABLE \(table.rawValue) DROP COLUMN mac; "
        }
        if !keepsMark {
            // What today's mark covers, in the form of the older one, and no record that it could differ from.
            sql += "UPDATE audit_marks SET chain = CAST(chain || registry AS BLOB); DELETE FROM audit_log; "
        }
        sql += "ALTER TABLE audit_marks DROP COLUMN registry; DROP TABLE wal_generation; DROP INDEX backups; "
        sql += "ALTER TABLE clients DROP COLUMN last_used_at; PRAGMA user_version = 5"
        try tamper(sql)
        let error = await #expect(throws: OperatorError.self) { try await contents() }
        #expect(error?.message.contains(Self.unproven) ?? false, "\(String(describing: error))")
    }

    @Test func `a row that somebody edited gets no code with the next change`() async throws {
        try tamper("UPDATE access_keys SET project_id = 'project-2' WHERE key_id = 'key-1'")
        try tamper("UPDATE client_secrets SET created_at = 1; UPDATE clients SET created_at = 1")
        let end = Change.endSecret(credential(0x31).verifier, of: try ClientID("client-1"), at: broker.clock.now.wall)
        try await commit([
            .setKeyState(KeyID("key-1"), .disabled), .setClientEnabled(ClientID("client-1"), false), end,
        ])
        #expect(try await contents().unreadable.count == 5)
    }

    @Test func `a grant that somebody edited is not in the way of the same grant`() async throws {
        try tamper("UPDATE grants SET project_id = 'project-2' WHERE client_id = 'client-1'")
        let project = try ProjectID("project-2")
        try await commit([.grant(project, to: ClientID("client-1"))])
        let contents = try await contents()
        #expect(contents.clients.first { $0.id.description == "client-1" }?.grants == [project])
        #expect(contents.unreadable == [])
    }

    @Test func `whatever is changed, in whichever order, the broker takes it at the next start`() async throws {
        var dice = Dice(seed: 35)
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        for number in 0..<400 {
            let changes = try (0..<Int.random(in: 1...4, using: &dice)).map { _ in try change(number, using: &dice) }
            // Some break a rule of the database, and then all of the transaction is undone.
            try? await store.commit(changes, recording: [record])
            let contents = try await store.contents(of: .everything)
            #expect(contents.unreadable == [], "number \(number): \(changes)")
        }
        try store.close()
        _ = try await contents()
    }

    private func change(_ number: Int, using dice: inout Dice) throws -> Change {
        let id = try ClientID("client-\(Int.random(in: 1...4, using: &dice))")
        let key = try KeyID("key-\(Int.random(in: 1...4, using: &dice))")
        let project = try ProjectID("project-\(Int.random(in: 1...3, using: &dice))")
        let state: AccessKey.State = [.active, .standby, .disabled].randomElement(using: &dice)!
        let secret = credential(UInt8.random(in: 0...9, using: &dice))
        switch Int.random(in: 0..<11, using: &dice) {
        case 0: return try .addKey(.test(key.description, project: project.description, state: state, sealer: sealer))
        case 1: return .setKeyState(key, state)
        case 2: return .removeKey(key)
        case 3: return try .addClient(client(id.description))
        case 4: return .setClientEnabled(id, number.isMultiple(of: 2))
        case 5: return .removeClient(id)
        case 6: return .setIdentities([.user(UInt32(number)), .user(7)], of: id)
        case 7: return .grant(project, to: id)
        case 8: return .revoke(project, from: id)
        case 9: return .addSecret(secret, to: id)
        default:
            return number.isMultiple(of: 2)
                ? .endSecret(secret.verifier, of: id, at: broker.clock.now.wall)
                : .removeSecret(secret.verifier, of: id)
        }
    }

    @Test func `the stored hash of a set tells nothing of it`() throws {
        let macs = RegistryMACs(auditKey: SymmetricKey(size: .bits256))
        let hash = macs.hash(ofMAC: Data([1]).databaseValue)
        let (one, other) = (macs.masked(hash), macs.masked(hash))
        #expect(one != other && macs.unmasked(one) == hash && macs.unmasked(other) == hash)
        #expect(one.prefix(32) != other.prefix(32) && one.suffix(32) != other.suffix(32))
        #expect(macs.unmasked(Data()) == nil && macs.unmasked(one + [0]) == nil)
        let masked = MultisetHash(bytes: one.suffix(32))
        #expect(masked != hash && !hash.isZero)
    }
}
