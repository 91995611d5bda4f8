import Broker
import BrokerTesting
import Testing

struct TokenBrokerTests {
    let peer = Peer(.address("127.0.0.1", network: "loopback"))

    private func client(_ test: TestBroker, _ secret: Secret, id: String = "client-1") async throws -> Authorization {
        try await test.core.authenticator.authorize(ClientClaim(id: id, secret: secret), from: peer)
    }

    private func request(_ project: ProjectID? = nil) -> TokenRequest { TokenRequest(project: project, scope: nil) }

    @Test func `a client gets tokens of the projects that it is granted, and of no other`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let other = try ProjectID("project-2")
        try await test.addKey("key-2", project: other)
        let client = try await client(test, test.addClient())
        _ = try await test.core.broker.token(for: request(TestBroker.project), as: client)
        await #expect(throws: BrokerError.unauthorizedClient(.grant(for: other))) {
            try await test.core.broker.token(for: request(other), as: client)
        }
        let unknown = try ProjectID("no-such-project")
        await #expect(throws: BrokerError.unauthorizedClient(.grant(for: unknown))) {
            try await test.core.broker.token(for: request(unknown), as: client)
        }
    }

    @Test func `a client without a grant causes no mint`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let client = try await client(test, test.addClient(projects: []))
        await #expect(throws: BrokerError.unauthorizedClient(.grant(for: TestBroker.project))) {
            try await test.core.broker.token(for: request(TestBroker.project), as: client)
        }
        #expect(test.endpoint.mints.isEmpty)
    }

    @Test func `the only grant is the project that is meant; of several one must be named`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let only = try await client(test, test.addClient())
        #expect(try await test.core.broker.token(for: request(), as: only).project == TestBroker.project)
        let secret = try await test.addClient("client-2", projects: [TestBroker.project, try ProjectID("project-2")])
        let several = try await client(test, secret, id: "client-2")
        let error = await #expect(throws: BrokerError.self) {
            try await test.core.broker.token(for: request(), as: several)
        }
        guard case .invalidRequest(let message) = error else { throw Unexpected(error) }
        #expect(message.contains("project_id"))
    }

    @Test func `the first hand-out of a token to a client is recorded before it leaves, later ones are not`()
        async throws
    {
        let test = try await TestBroker()
        try await test.addKey()
        let client = try await client(test, test.addClient())
        for _ in 0..<5 { _ = try await test.core.broker.token(for: request(), as: client) }
        #expect(test.store.records.count { $0.action == .tokenHandedOut } == 1)
    }

    @Test func `no token leaves that could not be recorded, and those that were go on`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let first = try await client(test, test.addClient("client-1"))
        let second = try await client(test, test.addClient("client-2"), id: "client-2")
        _ = try await test.core.broker.token(for: request(), as: first)
        test.store.setFull(true)
        _ = try await test.core.broker.token(for: request(), as: first)
        await #expect(throws: MemoryStore.full) { try await test.core.broker.token(for: request(), as: second) }
    }

    @Test func `a key that is disabled while a hand-out is recorded counts`() async throws {
        let test = try await TestBroker()
        let first = try await test.addKey("key-1")
        try await test.addKey("key-2")
        let client = try await client(test, test.addClient())
        let gate = Gate()
        test.store.hold(.tokenHandedOut, by: gate)
        let caller = Task { try await test.core.broker.token(for: request(), as: client) }
        await gate.reached(by: 1)
        _ = try await test.perform(KeyChange(.disable, first))
        await gate.open()
        #expect(try await caller.value.token.value.reveal() == "token-2-of-key-2")
    }

    @Test func `a grant that is revoked during the mint counts`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let client = try await client(test, test.addClient())
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let caller = Task { try await test.core.broker.token(for: request(), as: client) }
        await gate.reached(by: 1)
        _ = try await test.perform(ClientChange(.revoke(projectID: TestBroker.project), client.client.id))
        await gate.open()
        await #expect(throws: BrokerError.unauthorizedClient(.grant(for: TestBroker.project))) {
            try await caller.value
        }
    }
}
