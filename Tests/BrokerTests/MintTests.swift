import Broker
import BrokerTesting
import Testing

struct MintTests {
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

    @Test(arguments: [(MintFailure.unavailable("no"), [50, 100]), (.throttled(retryAfter: nil), [500, 1000])])
    func `the pause before another try is drawn up to a bound that doubles, and is longer when throttled`(
        failure: MintFailure, milliseconds: [Int]
    ) async throws {
        let test = try await TestBroker(random: 0.5)
        try await test.addKey()
        test.endpoint.fail(failure)
        await #expect(throws: BrokerError.self) { try await test.token() }
        let times = test.endpoint.requests.map(\.at.boot)
        #expect(zip(times.dropFirst(), times).map { $0 - $1 } == milliseconds.map { .milliseconds($0) })
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

    @Test func `the budget spaces mints out, and turns away at once whom it cannot serve in time`() async throws {
        let clock = ManualClock(sleep: .waits)
        let test = try await TestBroker(clock: clock, mintRate: 5, mintBurst: 10)
        let projects = try (0..<100).map { try ProjectID("project-\($0)") }
        for (number, project) in projects.enumerated() { try await test.addKey("key-\(number)", project: project) }
        let start = clock.now
        try await withThrowingTaskGroup(of: Result<String, any Error>.self) { group in
            for project in projects {
                group.addTask {
                    do { return .success(try await test.token(of: project)) } catch { return .failure(error) }
                }
            }
            // Ten at once, and five per second for the seven and a half seconds that a caller waits.
            var turnedAway = 0
            while turnedAway < 100 - 10 - 37, let result = try await group.next() {
                guard case .failure(let error) = result else { continue }
                guard case BrokerError.mintThrottled = error else { throw Unexpected(error) }
                turnedAway += 1
            }
            #expect(clock.now == start, "nobody waited to be turned away")
            for turn in 1...37 {
                try await until { clock.sleepers == 37 - turn + 1 }
                clock.advance(by: .milliseconds(200))
                try await until { test.endpoint.mints.count == 10 + turn }
            }
            while let result = try await group.next() { _ = try result.get() }
        }
        #expect(Set(test.endpoint.mints).count == 47)
    }

    @Test func `a refresh leaves half of the budget to waiting callers`() async throws {
        let test = try await TestBroker(mintRate: 1, mintBurst: 10)
        let projects = try (0...6).map { try ProjectID("project-\($0)") }
        for (number, project) in projects.enumerated() { try await test.addKey("key-\(number)", project: project) }
        _ = try await test.token(of: projects[0])
        test.clock.advance(by: .seconds(2800))
        for project in projects[1...] { _ = try await test.token(of: project) }
        #expect(try await test.status().budgets.map(\.remaining) == [4])

        _ = try await test.token(of: projects[0])
        try await test.refresh()
        #expect(test.endpoint.mints.count == 7, "what is left is for callers")
        test.clock.advance(by: .seconds(2))
        try await test.refresh()
        #expect(test.endpoint.mints.count == 8)
    }
}
