import Broker
import BrokerTesting
import Testing

@Suite struct MintTests {
    @Test(arguments: [
        (MintFailure.unavailable("no"), 3), (.throttled(retryAfter: nil), 3), (.garbled("no"), 3), (.refused("no"), 1),
        (.keyRefused, 1),
    ])
    func `a mint is tried again where that may help, three times in all`(failure: MintFailure, attempts: Int)
        async throws
    {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(failure)
        await #expect(throws: BrokerError.self) { try await test.token() }
        #expect(test.endpoint.mints.count == attempts)
    }

    @Test func `a wait beyond the deadline is not waited for`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.throttled(retryAfter: .seconds(60)))
        let before = test.clock.now
        await #expect(throws: BrokerError.self) { try await test.token() }
        #expect(test.clock.now.elapsed(since: before) < .seconds(8))
        #expect(test.endpoint.mints.count == 1)
    }

    @Test func `an answer that arrives after its own token's life is refused`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.answer(expiresIn: 1)
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let caller = Task { try await test.token() }
        await gate.reached(by: 1)
        test.clock.advance(by: .seconds(2))
        await gate.open()
        // The next attempt's answer is there at once.
        #expect(try await caller.value == "token-2-of-key-1")
    }

    @Test func `the budget spaces mints out, and turns away what could not be served in time`() async throws {
        let test = try await TestBroker(mintRate: 5, mintBurst: 10)
        let start = test.clock.now
        var served = 0
        for number in 0..<100 {
            let project = try ProjectID("project-\(number)")
            _ = try await test.perform(
                KeyAddition(TestBroker.registration(KeyID("key-\(number)"), project: project, verify: false))
            )
            if (try? await test.token(of: project)) != nil { served += 1 }
        }
        let elapsed = test.clock.now.elapsed(since: start) / .seconds(1)
        #expect(served == 100, "one after the other, nobody waits longer than a fifth of a second")
        #expect(Double(test.endpoint.mints.count) <= 10 + 5 * elapsed + 1)
        #expect(elapsed >= 17)
    }

    @Test func `a refresh leaves half of the budget to waiting callers`() async throws {
        let clock = ManualClock()
        let budget = MintBudget(rate: 1, burst: 10, clock: clock)
        #expect(budget.remaining().isEmpty)
        let test = try await TestBroker(clock: clock, mintRate: 1, mintBurst: 10)
        try await test.addKey()
        _ = try await test.token()
        let budgets = try await test.perform(StatusReport()).budgets
        #expect(budgets.map(\.remaining) == [9])
    }
}
