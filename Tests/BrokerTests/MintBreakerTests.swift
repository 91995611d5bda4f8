import Broker
import BrokerTesting
import Testing

struct MintBreakerTests {
    /// A broker whose endpoint has failed often enough to open the breaker, a second ago.
    private func failing() async throws -> TestBroker {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.unavailable("no"))
        for _ in 0..<2 {
            await #expect(throws: BrokerError.self) { try await test.token() }
            test.clock.advance(by: .seconds(1))
        }
        return test
    }

    @Test func `five failures in a row open the breaker, and nothing is sent while it is open`() async throws {
        let test = try await TestBroker()
        for number in 0..<10 { try await test.addKey("key-\(number)", project: ProjectID("project-\(number)")) }
        test.endpoint.fail(.unavailable("no"))
        for number in 0..<10 {
            await #expect(throws: BrokerError.self) { try await test.token(of: ProjectID("project-\(number)")) }
        }
        #expect(test.endpoint.mints.count == 5)
        let breaker = try #require(try await test.status().breakers.first)
        #expect(breaker.probeIn == 1)
    }

    @Test func `one request probes, after a wait that doubles to ten seconds while it fails`() async throws {
        let test = try await TestBroker()
        for number in 0..<20 { try await test.addKey("key-\(number)", project: ProjectID("project-\(number)")) }
        test.endpoint.fail(.unavailable("no"))
        var asked = 0
        /// A project that nobody has asked for yet, so that nothing but the breaker is in its way.
        func refused() async throws -> BrokerError? {
            let project = try ProjectID("project-\(asked)")
            asked += 1
            return await #expect(throws: BrokerError.self) { try await test.token(of: project) }
        }
        for _ in 0..<2 { _ = try await refused() }
        #expect(test.endpoint.mints.count == 5)
        for (probes, wait) in [(1, 1.0), (2, 2), (3, 4), (4, 8), (5, 10), (6, 10)] {
            test.clock.advance(by: .seconds(wait - 0.5))
            guard case .mintUnavailable(let left)? = try await refused() else { throw Unexpected(nil) }
            #expect(left > .zero && left <= .seconds(0.5))
            #expect(test.endpoint.mints.count == 4 + probes)
            test.clock.advance(by: .seconds(0.5))
            _ = try await refused()
            #expect(test.endpoint.mints.count == 5 + probes, "one request, and its retry is held back")
        }
        test.clock.advance(by: .seconds(10))
        test.endpoint.fail(nil)
        _ = try await test.token(of: ProjectID("project-19"))
        #expect(try await test.status().breakers.isEmpty)
    }

    @Test func `a mint whose last attempt could not be sent is recorded for why the one before failed`() async throws {
        let test = try await failing()
        #expect(test.endpoint.mints.count == 5)
        #expect(test.store.records.count { $0.outcome == "unavailable" } == 2)
    }

    @Test func `an endpoint that may be probed again is as unavailable as before`() async throws {
        let test = try await failing()
        for _ in 0..<2 {
            #expect(try await test.status().problems.map(\.state).contains("unavailable"))
            test.clock.advance(by: .seconds(10))
            _ = try? await test.perform(KeyVerification(KeyID("key-1")))
        }
    }

    @Test func `what is refused in plain words opens nothing`() async throws {
        let test = try await TestBroker()
        for number in 0..<10 { try await test.addKey("key-\(number)", project: ProjectID("project-\(number)")) }
        test.endpoint.fail(.keyRefused)
        for number in 0..<10 {
            await #expect(throws: BrokerError.self) { try await test.token(of: ProjectID("project-\(number)")) }
        }
        #expect(test.endpoint.mints.count == 10)
    }

    @Test func `whom an open breaker refuses takes nothing from the budget`() async throws {
        let test = try await TestBroker(mintRate: 0.01, mintBurst: 10)
        for number in 0..<50 { try await test.addKey("key-\(number)", project: ProjectID("project-\(number)")) }
        test.endpoint.fail(.unavailable("no"))
        for number in 0..<50 {
            let error = await #expect(throws: BrokerError.self) {
                try await test.token(of: ProjectID("project-\(number)"))
            }
            guard case .mintUnavailable = error else { throw Unexpected(error) }
        }
        #expect(test.endpoint.mints.count == 5)
        #expect(try await test.status().budgets.map(\.remaining) == [5])
    }

    @Test func `callers wait for a probe that is running, and a refresh does not`() async throws {
        let test = try await TestBroker()
        for number in 0..<10 { try await test.addKey("key-\(number)", project: ProjectID("project-\(number)")) }
        test.endpoint.fail(.unavailable("no"))
        for number in 0..<2 {
            await #expect(throws: BrokerError.self) { try await test.token(of: ProjectID("project-\(number)")) }
        }
        test.clock.advance(by: .seconds(1))
        test.endpoint.fail(nil)
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let callers = try (2..<10).map { number in
            let project = try ProjectID("project-\(number)")
            return Task { try await test.token(of: project) }
        }
        await gate.reached(by: 1)
        try await until { test.clock.timeouts == callers.count + callers.count - 1 }
        #expect(test.endpoint.mints.count == 6, "one probes")
        await gate.open()
        for caller in callers { _ = try await caller.value }
        #expect(test.endpoint.mints.count == 5 + 8)
    }

    @Test func `an open breaker does not stand between a caller and a token that is there`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let token = try await test.token()
        let other = try ProjectID("project-2")
        try await test.addKey("key-2", project: other)
        test.endpoint.fail(.unavailable("no"))
        for _ in 0..<10 {
            await #expect(throws: BrokerError.self) { try await test.token(of: other) }
            test.clock.advance(by: .seconds(3))
        }
        #expect(try await test.token() == token)
    }
}
