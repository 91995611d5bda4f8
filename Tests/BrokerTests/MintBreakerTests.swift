import Broker
import BrokerTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct MintBreakerTests {
    @Test func `five failures in a row open the breaker, and nothing is sent while it is open`() async throws {
        let test = try await TestBroker()
        for number in 0..<10 { try await test.addKey("key-\(number)", project: ProjectID("project-\(number)")) }
        test.endpoint.fail(.unavailable("no"))
        for number in 0..<10 {
            await #expect(throws: BrokerError.self) { try await test.token(of: ProjectID("project-\(number)")) }
        }
        #expect(test.endpoint.mints.count == 5)
        let breaker = try #require(try await test.perform(StatusReport()).breakers.first)
        #expect((24...36).contains(breaker.probeIn))
    }

    @Test func `one request probes, and the pause doubles to five minutes while it fails`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.unavailable("no"))
        for _ in 0..<2 {
            await #expect(throws: BrokerError.self) { try await test.token() }
            test.clock.advance(by: .seconds(2))
        }
        #expect(test.endpoint.mints.count == 5)
        for (probes, pause) in [(1, 30), (2, 60), (3, 120), (4, 240), (5, 300), (6, 300)] {
            test.clock.advance(by: .seconds(pause - 5))
            await #expect(throws: BrokerError.self) { try await test.token() }
            #expect(test.endpoint.mints.count == 4 + probes)
            test.clock.advance(by: .seconds(5))
            await #expect(throws: BrokerError.self) { try await test.token() }
            #expect(test.endpoint.mints.count == 5 + probes, "one request, and its retry is held back")
        }
        test.clock.advance(by: .seconds(301))
        test.endpoint.fail(nil)
        _ = try await test.token()
        #expect(try await test.perform(StatusReport()).breakers.isEmpty)
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
