import Broker
import BrokerTesting
import Testing

/// One deadline from the authorization to the answer, whatever a request waits for.
struct DeadlineTests {
    private func authorization(_ test: TestBroker) async throws -> Authorization {
        let secret = try await test.addClient()
        return try await test.core.authenticator.authorize(
            ClientClaim(id: "client-1", secret: secret), from: Peer(.address("127.0.0.1", network: "loopback"))
        )
    }

    private let request = TokenRequest(project: TestBroker.project, scope: nil)

    @Test func `a hand-out that is not recorded in time fails, and its record is not lost`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let authorization = try await authorization(test)
        let gate = Gate()
        test.store.hold(.tokenHandedOut, by: gate)
        let caller = Task { try await test.core.broker.token(for: request, as: authorization) }
        await gate.reached(by: 1)
        try await until { test.clock.timeouts > 0 }
        test.clock.advance(by: .seconds(7.7))
        #expect(test.clock.timeouts > 0, "not before the deadline")
        test.clock.advance(by: .seconds(0.3))
        await #expect(throws: DeadlinePassed.self) { try await caller.value }
        await gate.open()
        try await until { test.store.records.contains { $0.action == .tokenHandedOut } }
    }

    @Test func `a refusal that is not recorded in time does not keep the client waiting`() async throws {
        let test = try await TestBroker()
        let gate = Gate()
        test.store.hold(.authenticationRefused, by: gate)
        let caller = Task {
            try await test.core.authenticator.authorize(
                ClientClaim(id: "nobody", secret: Secret("x")),
                from: Peer(.address("127.0.0.1", network: "loopback"))
            )
        }
        await gate.reached(by: 1)
        try await until { test.clock.timeouts > 0 }
        test.clock.advance(by: .seconds(8))
        await #expect(throws: DeadlinePassed.self) { try await caller.value }
        await gate.open()
    }

    @Test func `a server that hangs is not taken for the budget because a permit was waited for briefly`() async throws
    {
        let clock = ManualClock(sleep: .waits)
        let test = try await TestBroker(clock: clock, mintRate: 1, mintBurst: 1)
        let other = try ProjectID("project-2")
        try await test.addKey("key-1")
        try await test.addKey("key-2", project: other)
        _ = try await test.token()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let caller = Task { try await test.token(of: other) }
        try await until { clock.sleepers == 1 && clock.timeouts == 1 }
        clock.advance(by: .seconds(1))
        await gate.reached(by: 1)
        clock.advance(by: .seconds(7))
        await #expect(throws: BrokerError.mintUnavailable(retryAfter: .seconds(1))) { try await caller.value }
        await gate.open()
        try await test.core.flights.drained()
    }

    @Test func `a mint that takes too long is not waited for, and serves whoever comes next`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let authorization = try await authorization(test)
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let caller = Task { try await test.core.broker.token(for: request, as: authorization) }
        await gate.reached(by: 1)
        try await until { test.clock.timeouts > 0 }
        test.clock.advance(by: .seconds(8))
        await #expect(throws: BrokerError.mintUnavailable(retryAfter: .seconds(1))) { try await caller.value }
        await gate.open()
        #expect(try await test.token() == "token-1-of-key-1")
    }

    @Test func `whom the budget has held up too long is told so`() async throws {
        let clock = ManualClock(sleep: .waits)
        let test = try await TestBroker(clock: clock, mintRate: 0.25, mintBurst: 1)
        let other = try ProjectID("project-2")
        try await test.addKey("key-1")
        try await test.addKey("key-2", project: other)
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let callers = [TestBroker.project, other].map { project in Task { try await test.token(of: project) } }
        try await until { clock.timeouts == 2 && clock.sleepers == 1 && test.endpoint.mints.count == 1 }
        let first = try #require(test.endpoint.mints.first?.description)
        clock.advance(by: .seconds(8))
        for (caller, key) in zip(callers, ["key-1", "key-2"]) {
            await #expect(
                throws: key == first
                    ? BrokerError.mintUnavailable(retryAfter: .seconds(1)) : .mintThrottled(retryAfter: .seconds(1))
            ) { try await caller.value }
        }
        await gate.open()
        try await test.core.flights.drained()
        #expect(test.endpoint.mints.count == 2, "a mint is not wasted")
    }

    @Test func `the deadline does not start again with the next key`() async throws {
        let test = try await TestBroker()
        let first = try await test.addKey("key-1")
        try await test.addKey("key-2")
        let authorization = try await authorization(test)
        test.endpoint.fail(.keyRefused, key: first)
        let gates = (Gate(), Gate())
        test.endpoint.hold(by: gates.0)
        let caller = Task { try await test.core.broker.token(for: request, as: authorization) }
        await gates.0.reached(by: 1)
        try await until { test.clock.timeouts > 0 }
        test.clock.advance(by: .seconds(5))
        test.endpoint.hold(by: gates.1)
        await gates.0.open()
        await gates.1.reached(by: 1)
        try await until { test.clock.timeouts > 0 }
        test.clock.advance(by: .seconds(3))
        await #expect(throws: BrokerError.mintUnavailable(retryAfter: .seconds(1))) { try await caller.value }
        await gates.1.open()
        try await test.core.flights.drained()
    }

    @Test func `whose time is up starts no mint when the key is replaced at the last moment`() async throws {
        let (store, clock) = (MemoryStore(), ManualClock())
        let before = try await TestBroker(clock: clock, store: store)
        let id = try await before.addKey()
        _ = try await before.token()
        let test = try await TestBroker(clock: clock, store: store)
        test.sealer.whileOpening { [registry = test.core.registry] in
            guard let key = registry.key(id) else { return }
            let next = AccessKey(
                id: id, project: key.project, version: key.version + 1, name: nil, tokenEndpoint: nil, scope: key.scope,
                state: .active, created: key.created, secret: key.secret
            )
            registry.apply([.removeKey(id), .addKey(next)])
        }
        await #expect(throws: DeadlinePassed.self) {
            try await test.core.tokens.token(
                of: TestBroker.project, scope: nil, minimumLife: .zero, to: ClientID("client-1"),
                by: Deadline(after: .zero, from: clock.now)
            )
        }
        #expect(test.endpoint.mints.isEmpty)
    }

    @Test func `what waits for the budget when the breaker opens is not sent`() async throws {
        let clock = ManualClock(sleep: .waits)
        let test = try await TestBroker(clock: clock, mintRate: 1, mintBurst: 5)
        let projects = try (0..<9).map { try ProjectID("project-\($0)") }
        for (number, project) in projects.enumerated() { try await test.addKey("key-\(number)", project: project) }
        test.endpoint.fail(.unavailable("no"))
        let callers = projects.map { project in Task { try await test.token(of: project) } }
        // Five fail at once; each of them, and the other four, wait for a permit.
        try await until { test.endpoint.mints.count == 5 && clock.sleepers == 9 }
        for _ in 0..<40 {
            clock.advance(by: .milliseconds(200))
            for _ in 0..<200 { await Task.yield() }
        }
        for caller in callers { await #expect(throws: BrokerError.self) { try await caller.value } }
        // Only probes went out: after 1, 2 and 4 s.
        #expect(test.endpoint.mints.count <= 5 + 3)
    }
}
