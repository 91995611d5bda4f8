import BrokerTesting
import Foundation
import GRDB
import Testing

@testable import Broker
@testable import BrokerSQLite

/// Everything is sealed anew under another master key, and whoever stops half-way can go on.
struct MasterKeyRotationTests {
    private let broker: StoredBroker
    private var files: FileManager { .default }

    init() throws {
        broker = try StoredBroker(golden: "schema-3", at: Date(timeIntervalSince1970: 1_795_629_520))
    }

    private func administrator(_ core: BrokerCore) -> Administrator {
        Administrator(core, for: .administrator(user: 0))
    }

    private func record(_ action: AuditRecord.Action) -> AuditRecord {
        AuditRecord(at: broker.clock.now.wall, actor: .broker, action: action)
    }

    private func opened() throws -> SQLiteStore {
        try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey).store
    }

    /// The secrets and tokens as they stand in the database.
    private func records() throws -> [SealedRecord] {
        try DatabaseQueue(path: broker.directory.database).inDatabase { database in
            try Data.fetchAll(
                database,
                sql:
                    "SELECT secret FROM access_keys UNION ALL SELECT token FROM tokens UNION ALL SELECT sealed FROM purpose_keys"
            ).map { try SealedRecord(Array($0)) }
        }
    }

    private func expectAllOpens() async throws {
        try await broker.run { core in
            for id in 1...4 {
                let key = try #require(core.registry.key(KeyID("key-\(id)")))
                let secret = try core.sealer.open(key.secret, from: key.secretPlace)
                #expect(secret.reveal() == "secret-of-key-\(id)")
                #expect(core.cache.token(in: key.slot(for: key.scope))?.value.reveal() == "token-of-key-\(id)")
            }
        }
    }

    private func addKeys(_ count: Int) async throws {
        try await broker.run { core in
            for number in 0..<count {
                let id = try KeyID("more-\(number)")
                _ = try await administrator(core).perform(KeyAddition(TestBroker.registration(id, verify: false)))
            }
        }
    }

    @Test func `all is sealed under the new key, which has the old one's place, and the old one opens nothing`()
        async throws
    {
        let old = try broker.masterKey.read()
        try await broker.run { core in
            let progress = try await administrator(core).perform(MasterKeyRotation(begin: true))
            #expect(progress.term == 2 && progress.total == 8 && progress.left == 0 && progress.unreadableKeys == [])
            #expect(progress.masterKeyFile == broker.masterKey.path && progress.newMasterKeyFile == nil)
            let actions = try await administrator(core).perform(AuditListing(limit: 2)).entries.map(\.action)
            #expect(actions == ["master_key.rotated", "master_key.rotation_begun"])
        }
        let records = try records()
        #expect(records.count == 10 && records.allSatisfy { $0.term == 2 && $0.format == .withTerm })
        try await expectAllOpens()
        let place = AssociatedData(.keySecret(try KeyID("key-1"), version: 1_795_629_457_882, tokenEndpoint: nil))
        for term in [1, 2] as [UInt32] {
            let key = SealingKey(old, term: term)
            #expect(throws: SealingKey.Damage.self) { try records.map { try key.open($0, for: place) } }
        }
        try files.removeItem(atPath: broker.masterKey.path)
        try files.moveItem(atPath: broker.masterKey.path + ".term-1", toPath: broker.masterKey.path)
        #expect(throws: OperatorError.self) { try opened() }
    }

    @Test func `what is in memory goes on to open, however often the key is rotated`() async throws {
        try await broker.run { core in
            for term in 2...4 {
                #expect(try await administrator(core).perform(MasterKeyRotation(begin: true)).term == term)
                let key = try #require(core.registry.key(KeyID("key-1")))
                let secret = try core.sealer.open(key.secret, from: key.secretPlace)
                #expect(secret.reveal() == "secret-of-key-1")
            }
        }
        try await expectAllOpens()
    }

    @Test func `one that was broken off goes on where it was, and everything opens meanwhile`() async throws {
        try await addKeys(250)
        var store = try opened()
        #expect(try await store.beginMasterKeyRotation(newFile: nil, recording: record(.masterKeyRotationBegun)))
        var lefts: [Int] = []
        repeat {
            try store.close()
            try await expectAllOpens()
            store = try opened()
            #expect(try await !store.beginMasterKeyRotation(newFile: nil, recording: record(.masterKeyRotationBegun)))
            lefts.append(try await store.rotateMasterKey(recording: record(.masterKeyRotated)).left)
        } while lefts.last != 0
        try store.close()
        #expect(lefts == [154, 54, 0])
        #expect(try records().allSatisfy { $0.term == 2 })
        let ended = try await broker.run { try await administrator($0).perform(AuditListing(limit: 100)) }
        #expect(ended.entries.count { $0.action == "master_key.rotated" } == 1)
    }

    @Test func `status names a rotation that is not finished, and what finishes it`() async throws {
        func unfinished() async throws -> UnfinishedWork? {
            try await broker.run { try await administrator($0).perform(StatusReport()).unfinished.first }
        }
        try await addKeys(250)
        #expect(try await unfinished() == nil)
        try broker.masterKey.new.create()
        let notBegun = try #require(try await unfinished())
        #expect(notBegun.message.contains("nothing is sealed under it yet"))
        #expect(notBegun.action.contains("'token-broker master-key rotate', or remove"))

        let store = try opened()
        #expect(try await store.beginMasterKeyRotation(newFile: nil, recording: record(.masterKeyRotationBegun)))
        #expect(store.unfinishedRotation == .resealing(term: 2, done: 0, total: 258))
        _ = try await store.rotateMasterKey(recording: record(.masterKeyRotated))
        #expect(store.unfinishedRotation == .resealing(term: 2, done: 104, total: 258))
        try store.close()
        let interrupted = try #require(try await unfinished())
        #expect(interrupted.message == "104 of 258 records are sealed under master key 2")
        #expect(interrupted.action.contains("'token-broker master-key rotate'"))
        try await broker.run { _ = try await administrator($0).perform(MasterKeyRotation(begin: true)) }
        #expect(try await unfinished() == nil)
    }

    @Test func `a new key that is lost half-way is in no file at the end, and another rotation saves everything`()
        async throws
    {
        try await addKeys(250)
        try await broker.run { core in
            let store = core.store
            #expect(try await store.beginMasterKeyRotation(newFile: nil, recording: record(.masterKeyRotationBegun)))
            try files.removeItem(atPath: broker.masterKey.new.path)
            #expect(
                try await store.check() == .notInItsFile(reason: "another master key is in '\(broker.masterKey.path)'"))
            let error = await #expect(throws: OperatorError.self) {
                while try await store.rotateMasterKey(recording: record(.masterKeyRotated)).left > 0 {}
            }
            #expect(error?.hint?.contains("master-key rotate' again") == true)
            let progress = try await administrator(core).perform(MasterKeyRotation(begin: true))
            #expect(progress.term == 3)
            while try await store.rotateMasterKey(recording: record(.masterKeyRotated)).left > 0 {}
            #expect(try await store.check() == .works)
        }
        try await expectAllOpens()
    }

    @Test func `a broker goes on by itself with one that was broken off`() async throws {
        let store = try opened()
        #expect(try await store.beginMasterKeyRotation(newFile: nil, recording: record(.masterKeyRotationBegun)))
        try store.close()
        try await broker.run { core in
            let housekeeping = Task { try await core.housekeeping.run() }
            defer { housekeeping.cancel() }
            try await until { !files.fileExists(atPath: broker.masterKey.path + ".new") }
        }
        #expect(try records().allSatisfy { $0.term == 2 })
    }

    @Test func `a process that ends between the last record and the file's new name leaves that to the next`()
        async throws
    {
        try await broker.run { _ = try await administrator($0).perform(MasterKeyRotation(begin: true)) }
        try files.moveItem(atPath: broker.masterKey.path, toPath: broker.masterKey.path + ".new")
        try files.moveItem(atPath: broker.masterKey.path + ".term-1", toPath: broker.masterKey.path)
        try await expectAllOpens()
        #expect(!files.fileExists(atPath: broker.masterKey.path + ".new"))
        try await expectAllOpens()
    }

    @Test func `the old key is not given up where it cannot be kept beside the new one`() async throws {
        let old = try broker.masterKey.read()
        try Data("another".utf8).write(to: URL(fileURLWithPath: broker.masterKey.path + ".term-1"))
        try await broker.run { core in
            let progress = try await administrator(core).perform(MasterKeyRotation(begin: true))
            #expect(progress.left == 0 && progress.newMasterKeyFile == broker.masterKey.path + ".new")
        }
        #expect(try broker.masterKey.read() == old)
        try await expectAllOpens()
    }

    @Test func `a process that ends between the old key's second name and the new one's leaves that to the next`()
        async throws
    {
        try await broker.run { _ = try await administrator($0).perform(MasterKeyRotation(begin: true)) }
        try files.moveItem(atPath: broker.masterKey.path, toPath: broker.masterKey.path + ".new")
        try files.linkItem(atPath: broker.masterKey.path + ".term-1", toPath: broker.masterKey.path)
        try await expectAllOpens()
        #expect(!files.fileExists(atPath: broker.masterKey.path + ".new"))
    }

    @Test func `a new key that was made, and then nothing, is the next one's`() async throws {
        try broker.masterKey.new.create()
        let new = try broker.masterKey.new.read()
        try await expectAllOpens()
        try await broker.run { _ = try await administrator($0).perform(MasterKeyRotation(begin: true)) }
        #expect(try broker.masterKey.read() == new)
    }

    @Test func `files that are mounted are left where they are, and either opens when it has the old one's place`()
        async throws
    {
        let path = broker.masterKey.path + ".mounted"
        try MasterKeyFile(path).create()
        let mounted = MasterKeyFile(broker.masterKey.path, new: path)
        let store = try SQLiteStore.open(in: broker.directory, masterKey: mounted).store
        #expect(try await store.beginMasterKeyRotation(newFile: nil, recording: record(.masterKeyRotationBegun)))
        let progress = try await store.rotateMasterKey(recording: record(.masterKeyRotated))
        #expect(progress.hasEnded && progress.newMasterKeyFile == path)
        #expect(store.unfinishedRotation == .notInPlace(term: 2, newFile: path, file: broker.masterKey.path))
        try store.close()
        try SQLiteStore.open(in: broker.directory, masterKey: mounted).store.close()
        #expect(throws: OperatorError.self) { try opened() }
        try SQLiteStore.open(in: broker.directory, masterKey: MasterKeyFile(path)).store.close()
    }

    @Test func `a new key where the broker does not look for it is not begun with`() async throws {
        try await broker.run { core in
            let request = MasterKeyRotation(begin: true, newMasterKeyFile: "/elsewhere")
            _ = await #expect(throws: OperatorError.self) { try await administrator(core).perform(request) }
        }
        #expect(try records().allSatisfy { $0.term == 1 })
    }

    @Test func `the present key is no new one`() async throws {
        let path = broker.masterKey.path + ".mounted"
        try files.copyItem(atPath: broker.masterKey.path, toPath: path)
        let mounted = MasterKeyFile(broker.masterKey.path, new: path)
        let store = try SQLiteStore.open(in: broker.directory, masterKey: mounted).store
        await #expect(throws: OperatorError.self) {
            try await store.beginMasterKeyRotation(newFile: nil, recording: record(.masterKeyRotationBegun))
        }
        try store.close()
        try await expectAllOpens()
    }

    @Test func `what was sealed before and is written after is written under the new key`() async throws {
        try await broker.run { core in
            let id = try KeyID("late")
            let sealed = try core.sealer.seal(
                Secret("secret-of-late"), in: .keySecret(id, version: 1, tokenEndpoint: nil))
            _ = try await administrator(core).perform(MasterKeyRotation(begin: true))
            let key = AccessKey(
                id: id, project: TestBroker.project, version: 1, name: nil, tokenEndpoint: nil, scope: .none,
                state: .standby, created: broker.clock.now.wall, secret: sealed
            )
            try await core.store.commit([.addKey(key)], recording: [record(.keyAdded)])
        }
        #expect(try records().allSatisfy { $0.term == 2 })
        try await broker.run { core in
            let key = try #require(core.registry.key(KeyID("late")))
            let secret = try core.sealer.open(key.secret, from: .keySecret(key.id, version: 1, tokenEndpoint: nil))
            #expect(secret.reveal() == "secret-of-late")
        }
    }

    @Test func `a secret that does not open is named and left, a token goes, and the rest is sealed anew`() async throws
    {
        try DatabaseQueue(path: broker.directory.database).inDatabase { database in
            try database.execute(
                sql: """
                    UPDATE access_keys SET secret = CAST(substr(secret, 1, 40) || zeroblob(90) AS BLOB) WHERE key_id = 'key-2';
                    UPDATE tokens SET token = CAST(substr(token, 1, 40) || zeroblob(90) AS BLOB) WHERE key_id = 'key-3';
                    """
            )
        }
        try await broker.run { core in
            let progress = try await administrator(core).perform(MasterKeyRotation(begin: true))
            #expect(progress.left == 0 && progress.unreadableKeys == ["key-2"] && progress.newMasterKeyFile == nil)
            #expect(progress.total == 7)
        }
        #expect(try records().count { $0.term == 2 } == 8)
        try await expectNothingToReseal()
    }

    @Test func `records without a term are not resealed before the first rotation`() async throws {
        let records = try records()
        #expect(records.allSatisfy { $0.format == .withoutTerm })
        try await expectNothingToReseal()
    }

    /// Housekeeping asks until nothing is left.
    private func expectNothingToReseal() async throws {
        try await broker.run { core in
            #expect(core.store.unfinishedRotation == nil)
            let progress = try await core.store.rotateMasterKey(recording: record(.masterKeyRotated))
            #expect(progress.left == 0)
        }
    }
}
