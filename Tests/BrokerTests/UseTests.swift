import Broker
import BrokerTesting
import Foundation
import Testing

/// When keys and client secrets were used last, and that it survives a restart.
struct UseTests {
    private func fetch(
        _ test: TestBroker, with secret: Secret, of project: ProjectID = TestBroker.project
    ) async throws -> HandOut {
        let authorization = try await test.core.authenticator.authorize(
            ClientClaim(id: "client-1", secret: secret), from: Peer(.address("127.0.0.1", network: "loopback"))
        )
        return try await test.core.broker.token(
            for: TokenRequest(project: project, scope: nil), as: authorization
        )
    }

    private func reports(_ test: TestBroker) async throws -> (key: KeyReport, secret: SecretReport) {
        let keys = try await test.perform(KeyListing(page: Page())).keys
        let clients = try await test.perform(ClientListing(page: Page())).clients
        return (try #require(keys.first), try #require(clients.first?.secrets.first))
    }

    @Test func `a key's last mint and use, and a secret's last use, are shown, and those of a cached response count`()
        async throws
    {
        let test = try await TestBroker()
        try await test.addKey()
        let secret = try await test.addClient()
        let before = try await reports(test)
        #expect((before.key.lastMintedAt, before.key.lastUsedAt, before.secret.lastUsedAt) == (nil, nil, nil))
        let minted = test.clock.now.wall
        let handOut = try await fetch(test, with: secret)
        test.clock.advance(by: .seconds(100))
        _ = handOut.repeatable?.repeated()
        let after = try await reports(test)
        #expect(after.key.lastMintedAt == minted)
        #expect(after.key.lastUsedAt == test.clock.now.wall)
        #expect(after.secret.lastUsedAt == test.clock.now.wall)
    }

    @Test func `a use is saved once for a while, and again after the next one`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        let secret = try await test.addClient()
        for _ in 0..<3 {
            for _ in 0..<10 { _ = try await fetch(test, with: secret) }
            await test.core.housekeeping.runOnce()
            #expect(test.store.uses[.key(key)] == test.clock.now.wall)
            // Of the key, the client and its secret.
            #expect(test.store.uses.count == 3)
            test.clock.advance(by: .seconds(30))
        }
        let saved = test.store.uses
        await test.core.housekeeping.runOnce()
        #expect(test.store.uses == saved)
    }

    @Test func `what could not be saved is saved the next time`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        _ = try await fetch(test, with: try await test.addClient())
        test.store.setFull(true)
        await test.core.housekeeping.runOnce()
        #expect(test.store.uses.isEmpty)
        test.store.setFull(false)
        await test.core.housekeeping.runOnce()
        #expect(test.store.uses[.key(key)] == test.clock.now.wall)
    }

    @Test func `many uses are saved little by little, so that no hand-out waits for them`() async throws {
        let test = try await TestBroker()
        let projects = try (0..<1100).map { try ProjectID("project-\($0)") }
        let secret = try await test.addClient(projects: projects)
        for (number, project) in projects.enumerated() {
            try await test.addKey("key-\(number)", project: project)
            _ = try await fetch(test, with: secret, of: project)
        }
        await test.core.housekeeping.runOnce()
        // Of each key, of the client and of its secret.
        #expect(test.store.uses.count == 1102)
        #expect(test.store.mostUsesAtOnce <= 500)
    }

    @Test func `expired tokens are removed from the store and from the cache`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        _ = try await test.token()
        test.clock.advance(by: .seconds(3598))
        await test.core.housekeeping.runOnce()
        #expect(test.store.tokens.count == 1)
        test.clock.advance(by: .seconds(1))
        await test.core.housekeeping.runOnce()
        #expect(test.store.tokens.isEmpty)
        test.core.refresher.refreshDue()
        #expect(test.core.tokens.life(of: TestBroker.project) == nil)
    }
}
