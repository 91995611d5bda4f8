import BrokerTesting
import Foundation
import Logging
import Testing

@testable import Broker

/// What a broker does about records that do not open, and about what changes while it mints.
struct DamageTests {
    private func broker(damaged: [String], sound: [String] = []) async throws -> TestBroker {
        let store = MemoryStore()
        for (number, id) in (damaged + sound).enumerated() {
            let key = try AccessKey.test(id, state: number == 0 ? .active : .standby)
            let foreign = Sealed(bytes: Array("sealed for another place".utf8))
            let stored = AccessKey(
                id: key.id, project: key.project, version: 1, name: nil, tokenEndpoint: nil, scope: .none,
                state: key.state, created: key.created.addingTimeInterval(Double(number)),
                secret: damaged.contains(id) ? foreign : key.secret
            )
            let record = AuditRecord(at: key.created, actor: .broker, action: .keyAdded)
            try await store.commit([.addKey(stored)], recording: [record])
        }
        return try await TestBroker(store: store)
    }

    @Test func `a secret that does not open is its key's failure: the next key's token is handed out`() async throws {
        let test = try await broker(damaged: ["key-1"], sound: ["key-2"])
        #expect(try await test.token() == "token-1-of-key-2")
        #expect(test.endpoint.mints.map(\.description) == ["key-2"])
        let keys = try await test.perform(KeyListing(page: Page())).keys
        #expect(keys.map(\.quarantined) == [true, false])
        let record = test.store.records.first { $0.outcome == "secret_damaged" }
        #expect(record?.key?.description == "key-1")
        let line = try #require(test.log.lines(from: .error).first)
        for words in ["quarantine", "key-1", "project-1", "cannot be opened"] {
            #expect(line.contains(words), "\(line)")
        }
    }

    @Test func `when no secret opens, an operator has to replace the key, and the breaker has nothing to do with it`()
        async throws
    {
        let test = try await broker(damaged: ["key-1", "key-2"])
        for _ in 0..<20 { await #expect(throws: BrokerError.everyKeyRefused) { try await test.token() } }
        #expect(test.endpoint.mints.isEmpty)
        #expect(try await test.status().breakers.isEmpty)
        #expect(test.store.records.count { $0.outcome == "secret_damaged" } == 2)
    }

    @Test func `a mint is recorded although its key was removed meanwhile, and leaves no token behind`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let caller = Task { try await test.token() }
        await gate.reached(by: 1)
        _ = try await test.perform(KeyChange(.remove, key, force: true))
        await gate.open()
        await #expect(throws: BrokerError.noKey) { try await caller.value }
        #expect(test.store.records.count { $0.action == .tokenMinted && $0.outcome == "ok" } == 1)
        #expect(try await test.status().tokenCount == 0)
    }
}
