import Broker
import BrokerSQLite
import BrokerTesting
import Foundation
import GRDB
import Migrations
import Testing

struct SQLiteStoreTests {
    let folder: TemporaryFolder
    var directory: DataDirectory { DataDirectory(folder.path) }
    var masterKey: MasterKeyFile { MasterKeyFile(folder.path + "/master.key") }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func make() async throws {
        try masterKey.create()
        try await SQLiteStore.create(in: directory, masterKey: masterKey)
    }

    private func open() throws -> (store: SQLiteStore, sealer: MasterKeySealer) {
        try SQLiteStore.open(in: directory, masterKey: masterKey)
    }

    private func key(_ id: String, _ state: AccessKey.State = .active, sealer: MasterKeySealer) throws -> AccessKey {
        try .test(
            id, name: "näme", tokenEndpoint: URL(string: "https://x.test/t"), scope: "a b", state: state,
            secret: Secret("canary"), sealer: sealer
        )
    }

    private func record(_ action: AuditRecord.Action = .keyAdded, token: TokenDigest? = nil) -> AuditRecord {
        AuditRecord(at: Date(timeIntervalSince1970: 1_800_000_000), actor: .broker, action: action, token: token)
    }

    @Test func `what was committed is there after a restart, and opens`() async throws {
        try await make()
        let (before, sealer) = try open()
        let key = try key("key-1", sealer: sealer)
        let client = Client(
            id: try ClientID("client-1"), isEnabled: true,
            credentials: [.init(verifier: sealer.verifier(of: Secret("s")), created: key.created, expires: nil)],
            identities: [.user(1001), .certificate(try CertificateName(.uri, "spiffe://a/b"))],
            grants: [TestBroker.project], created: key.created
        )
        let slot = key.slot(for: key.scope)
        let token = SealedToken(
            slot: slot,
            life: TokenLife(
                start: Moment(wall: key.created, boot: .zero), lifetime: .seconds(3599), refreshDue: .seconds(2700)
            ),
            sealed: try sealer.seal(Secret("token"), in: .token(slot))
        )
        try await before.commit([.addKey(key), .addClient(client), .putToken(token)], recording: [record()])
        try before.close()

        let (after, sealerAfter) = try open()
        let contents = try await after.contents(of: .everything)
        let read = try #require(contents.keys.first)
        #expect((read.id, read.project, read.version, read.name) == (key.id, key.project, 1, "näme"))
        #expect(
            (read.tokenEndpoint, read.scope, read.state, read.created) == (
                key.tokenEndpoint, key.scope, .active, key.created
            ))
        #expect(try sealerAfter.open(read.secret, from: read.secretPlace).reveal() == "canary")
        let readClient = try #require(contents.clients.first)
        #expect(readClient.credentials.map(\.verifier) == client.credentials.map(\.verifier))
        #expect(readClient.credentials.map(\.created) == client.credentials.map(\.created))
        #expect(readClient.credentials.map(\.expires) == client.credentials.map(\.expires))
        #expect(readClient.identities == client.identities)
        #expect((readClient.grants, readClient.isEnabled) == ([TestBroker.project], true))
        #expect(sealerAfter.verifier(of: Secret("s")).matches(readClient.credentials[0].verifier))
        #expect(contents.tokens.map(\.life) == [token.life])
        #expect(try sealerAfter.open(contents.tokens[0].sealed, from: .token(slot)).reveal() == "token")
        #expect(try await after.auditLog(AuditListing(limit: 10)).entries.map(\.action) == ["key.added"])
    }

    @Test func `a change that fails leaves nothing, not even its record`() async throws {
        try await make()
        let (store, sealer) = try open()
        let changes: [Change] = [.addKey(try key("key-1", sealer: sealer)), .addKey(try key("key-2", sealer: sealer))]
        await #expect(throws: DatabaseError.self) { try await store.commit(changes, recording: [record()]) }
        #expect(try await store.contents(of: .everything).keys.isEmpty, "a project has one active key")
        #expect(try await store.auditLog(AuditListing(limit: 10)).entries.isEmpty)
    }

    @Test func `last mints and uses are kept, and expired tokens are not`() async throws {
        try await make()
        let (store, sealer) = try open()
        let key = try key("key-1", sealer: sealer)
        let verifier = sealer.verifier(of: Secret("s"))
        let client = Client(
            id: try ClientID("client-1"), isEnabled: true,
            credentials: [Client.Credential(verifier: verifier, created: key.created, expires: nil)], identities: [],
            grants: [], created: key.created
        )
        let slot = key.slot(for: .none)
        let life = TokenLife(start: Moment(wall: key.created, boot: .zero), lifetime: .seconds(10), refreshDue: .zero)
        let token = SealedToken(slot: slot, life: life, sealed: try sealer.seal(Secret("t"), in: .token(slot)))
        try await store.commit([.addKey(key), .addClient(client), .putToken(token)], recording: [record()])
        let (first, second) = (key.created.addingTimeInterval(1), key.created.addingTimeInterval(2))
        try await store.save([(.key(key.id), first), (.secret(verifier), second)])
        var contents = try await store.contents(of: .everything)
        #expect(contents.keys.first?.lastMint.date == key.created)
        #expect(contents.keys.first?.use.lastDate == first)
        #expect(contents.clients.first?.credentials.first?.use.lastDate == second)

        try await store.removeTokens(expiredBefore: key.created.addingTimeInterval(9.999))
        contents = try await store.contents(of: .everything)
        #expect(contents.tokens.count == 1)
        try await store.removeTokens(expiredBefore: key.created.addingTimeInterval(10))
        contents = try await store.contents(of: .everything)
        #expect(contents.tokens.isEmpty)
    }

    @Test func `removing a key removes its tokens`() async throws {
        try await make()
        let (store, sealer) = try open()
        let key = try key("key-1", sealer: sealer)
        let slot = key.slot(for: .none)
        let life = TokenLife(start: Moment(wall: key.created, boot: .zero), lifetime: .seconds(1), refreshDue: .zero)
        let token = SealedToken(slot: slot, life: life, sealed: try sealer.seal(Secret("t"), in: .token(slot)))
        try await store.commit([.addKey(key), .putToken(token)], recording: [record()])
        try await store.commit([.removeKey(key.id)], recording: [record(.keyRemoved)])
        #expect(try await store.contents(of: .everything).tokens.isEmpty)
    }

    @Test(arguments: ["key-2", "key-1"])
    func `a token whose key was removed or replaced during the mint is not stored, and its mint is recorded`(id: String)
        async throws
    {
        try await make()
        let (store, sealer) = try open()
        try await store.commit([.addKey(key("key-1", sealer: sealer))], recording: [record()])
        let slot = TokenSlot(keyID: try KeyID(id), keyVersion: 2, scope: .none)
        let life = TokenLife(start: Moment(wall: Date(), boot: .zero), lifetime: .seconds(1), refreshDue: .zero)
        let token = SealedToken(slot: slot, life: life, sealed: try sealer.seal(Secret("t"), in: .token(slot)))
        try await store.commit([.putToken(token)], recording: [record(.tokenMinted)])
        #expect(try await store.contents(of: .everything).tokens.isEmpty)
        #expect(try await store.auditLog(AuditListing(limit: 1)).entries.map(\.action) == ["token.minted"])
    }

    @Test func `a first hand-out is recorded once, also when a thousand come at the same time`() async throws {
        try await make()
        let (store, _) = try open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    let digest = TokenDigest(hex: "\(number % 10)" + String(repeating: "a", count: 63))
                    try await store.record(record(.tokenHandedOut, token: digest))
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.auditLog(AuditListing(limit: 100)).entries.count == 10)
    }

    @Test func `a directory is one process's, before there is a database in it`() throws {
        let lock = try directory.lock()
        let refused = #expect(throws: OperatorError.self) { try directory.lock() }
        #expect(refused?.reason == .inUse)
        withExtendedLifetime(lock) {}
    }

    @Test func `a second process is kept out of the data directory`() async throws {
        try await make()
        let first = try open()
        let error = #expect(throws: OperatorError.self) { try open() }
        #expect(error?.reason == .inUse)
        try first.store.close()
    }

    @Test func `another master key, none, an empty one and a lax one are refused with a sentence`() async throws {
        try await make()
        let path = masterKey.path
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: OperatorError.self) { try open() }
        try masterKey.create()
        let wrong = #expect(throws: OperatorError.self) { try open() }
        #expect(wrong?.message.contains("needs master key 1, and") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
        let lax = #expect(throws: OperatorError.self) { try open() }
        #expect(lax?.reason == .notPermitted)
        try FileManager.default.removeItem(atPath: path)
        _ = FileManager.default.createFile(atPath: path, contents: Data(), attributes: [.posixPermissions: 0o400])
        let empty = #expect(throws: OperatorError.self) { try open() }
        #expect(empty?.message.contains("empty") == true)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: directory.database)
        #expect(throws: OperatorError.self) { try open() }
    }

    @Test func `a database of the first schema is brought to the newest one, and loses nothing`() async throws {
        try await make()
        // As the first version made it: the same sealed keys in the first schema, and a key.
        let sealed = try DatabaseQueue(path: directory.database).inDatabase {
            try Row.fetchAll($0, sql: "SELECT purpose, sealed FROM purpose_keys")
        }
        try FileManager.default.removeItem(atPath: directory.database)
        try DatabaseQueue(path: directory.database).inDatabase { database in
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory.database)
            try database.execute(sql: String(decoding: Migrations.all[0].sql, as: UTF8.self))
            for row in sealed {
                try database.execute(
                    sql: "INSERT INTO purpose_keys VALUES (?, ?)",
                    arguments: [row["purpose"] as String, row["sealed"] as Data]
                )
            }
            try database.execute(
                sql: """
                    INSERT INTO access_keys VALUES ('key-1', 'project-1', 1, NULL, NULL, '', 'active', 0, x'00');
                    PRAGMA user_version = 1; PRAGMA application_id = 0x54424B52
                    """
            )
        }
        let (store, _) = try open()
        let keys = try await store.contents(of: .everything).keys
        #expect(keys.map(\.id.description) == ["key-1"])
        #expect(keys.first?.use.lastDate == nil)
        try await store.save([(.key(KeyID("key-1")), Date(timeIntervalSince1970: 1))])
        #expect(try await store.contents(of: .everything).keys.first?.use.lastDate == Date(timeIntervalSince1970: 1))
    }

    @Test func `a newer schema and another program's database are refused`() async throws {
        try await make()
        try DatabaseQueue(path: directory.database).inDatabase { try $0.execute(sql: "PRAGMA user_version = 99") }
        let newer = #expect(throws: OperatorError.self) { try open() }
        #expect(newer?.message.contains("schema 99") == true)
        try DatabaseQueue(path: directory.database).inDatabase { database in
            try database.execute(sql: "PRAGMA user_version = 1; PRAGMA application_id = 7")
        }
        let foreign = #expect(throws: OperatorError.self) { try open() }
        #expect(foreign?.message.contains("not a token broker's") == true)
    }

    @Test(arguments: [
        "CREATE TRIGGER t AFTER INSERT ON grants BEGIN DELETE FROM clients; END",
        "ALTER TABLE access_keys RENAME COLUMN token_endpoint TO token_endpoinu", "DROP INDEX access_keys_by_term",
        "DROP TABLE purpose_keys", "CREATE TABLE more (x)",
    ])
    func `tables that somebody changed, or damage did, are refused`(change: String) async throws {
        try await make()
        try DatabaseQueue(path: directory.database).inDatabase { try $0.execute(sql: change) }
        let error = #expect(throws: OperatorError.self) { try open() }
        #expect(error?.message.contains("tables are not those") ?? false, "\(String(describing: error))")
    }

    @Test func `what SQLite made for itself changes nothing`() async throws {
        try await make()
        try DatabaseQueue(path: directory.database).inDatabase { try $0.execute(sql: "ANALYZE") }
        try open().store.close()
    }

    @Test func `a database that others may read is refused`() async throws {
        try await make()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: directory.database)
        let error = #expect(throws: OperatorError.self) { try open() }
        #expect(error?.reason == .notPermitted)
    }

    @Test func `nothing that is there is overwritten`() async throws {
        try await make()
        #expect(throws: OperatorError.self) { try masterKey.create() }
        let error = await #expect(throws: OperatorError.self) {
            try await SQLiteStore.create(in: directory, masterKey: masterKey)
        }
        #expect(error?.reason == .conflict)
    }

    @Test func `the database keeps another program out while it is open, and has no shared memory file`() async throws {
        try await make()
        let (store, _) = try open()
        #expect(throws: DatabaseError.self) {
            try DatabaseQueue(path: directory.database).read { try Row.fetchOne($0, sql: "SELECT * FROM clients") }
        }
        #expect(!FileManager.default.fileExists(atPath: directory.database + "-shm"))
        try store.close()
    }
}
