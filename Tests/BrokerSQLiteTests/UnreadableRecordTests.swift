import Broker
import BrokerTesting
import Foundation
import GRDB
import Logging
import Testing

@testable import BrokerSQLite

/// What a start does about rows that cannot be read.
struct UnreadableRecordTests {
    private let broker: StoredBroker

    init() async throws {
        broker = try await StoredBroker()
    }

    private func damage(_ sql: String) throws {
        try DatabaseQueue(path: broker.directory.database).inDatabase { database in
            try database.execute(sql: "PRAGMA ignore_check_constraints = ON; " + sql)
        }
    }

    private func add(_ key: String, to core: BrokerCore) async throws {
        let addition = KeyAddition(TestBroker.registration(try KeyID(key), verify: false))
        _ = try await Administrator(core, for: .administrator(user: 0)).perform(addition)
        broker.clock.advance(by: .seconds(1))
    }

    private func token(_ core: BrokerCore) async throws -> String {
        try await core.tokens.token(
            of: TestBroker.project, scope: nil, minimumLife: .zero, to: ClientID("client-1"),
            by: Deadline(after: Deadline.request, from: broker.clock.now)
        ).value.reveal()
    }

    @Test(arguments: [
        #"UPDATE access_keys SET scope = 'a"b' WHERE key_id = 'key-1'"#,
        "UPDATE access_keys SET project_id = 'a b' WHERE key_id = 'key-1'",
        "UPDATE access_keys SET token_endpoint = 'ftp://x' WHERE key_id = 'key-1'",
    ])
    func `a key that cannot be read is named and disabled, and the next one serves its project`(sql: String)
        async throws
    {
        try await broker.run { core in
            try await add("key-1", to: core)
            try await add("key-2", to: core)
        }
        try damage(sql)
        try await broker.run { core in
            #expect(try await token(core) == "token-1-of-key-2")
            let line = try #require(broker.log.lines(from: .error).first)
            #expect(line.contains("key-1") && line.contains("cannot be read"), "\(line)")
        }
        // It can be added again, and is recorded as disabled once.
        try await broker.run { core in
            try await add("key-1", to: core)
            let keys = try await Administrator(core, for: .broker).perform(KeyListing(page: Page())).keys
            #expect(keys.map(\.keyID.description).sorted() == ["key-1", "key-2"])
            let entries = try await Administrator(core, for: .broker).perform(AuditListing(limit: 100)).entries
            #expect(entries.count { $0.outcome == "unreadable" && $0.keyID == "key-1" } == 1)
        }
    }

    @Test func `a key whose state is unknown is disabled`() async throws {
        try await broker.run { core in
            try await add("key-1", to: core)
            try await add("key-2", to: core)
        }
        try damage("UPDATE access_keys SET state = 'odd' WHERE key_id = 'key-1'")
        #expect(try await broker.run(token) == "token-1-of-key-2")
        try await broker.run { core in
            let keys = try await Administrator(core, for: .broker).perform(KeyListing(page: Page())).keys
            #expect(keys.map(\.keyID.description) == ["key-2"])
        }
    }

    @Test(arguments: [
        ("UPDATE grants SET project_id = 'a b' WHERE project_id = 'spare'", 1), ("UPDATE client_users SET uid = 1", 2),
        (#"UPDATE tokens SET scope = 'a"b'"#, 2),
    ])
    func `another row that cannot be read costs no more than itself`(sql: String, projects: Int) async throws {
        let project = TestBroker.project
        try await broker.run { core in
            try await add("key-1", to: core)
            _ = try await token(core)
            let client = try ClientAddition(
                clientID: ClientID("client-1"), projects: [project, ProjectID("spare")], users: [0]
            )
            _ = try await Administrator(core, for: .administrator(user: 0)).perform(client)
        }
        try damage(sql)
        try await broker.run { core in
            _ = try await token(core)
            let clients = try await Administrator(core, for: .broker).perform(ClientListing(page: Page())).clients
            #expect(clients.map(\.projects.count) == [projects] && clients[0].projects.contains(project))
            #expect(broker.log.lines(from: .error).count == 1)
        }
    }
}
