import Broker
import BrokerTesting
import Testing

struct TokenCacheTests {
    @Test func `a token is handed out again for as long as it keeps the promise`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let first = try await test.token()
        test.clock.advance(by: .seconds(3599 - 301))
        #expect(try await test.token() == first)
        test.clock.advance(by: .seconds(2))
        #expect(try await test.token() != first)
    }

    @Test func `ten thousand callers at once cause one mint`() async throws {
        for _ in 0..<5 { try await askAtOnce(callers: 10_000) }
    }

    private func askAtOnce(callers count: Int) async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let begun = Tally()
        // Not a task group, which looks through all its tasks whenever one ends.
        let callers = (0..<count).map { _ in
            Task {
                begun.add()
                return try await test.token()
            }
        }
        await gate.reached(by: 1)
        try await until { begun.count == count }
        await gate.open()
        var tokens: Set<String> = []
        for caller in callers { tokens.insert(try await caller.value) }
        #expect(tokens.count == 1)
        #expect(test.endpoint.mints.count == 1)
    }

    @Test func `a mint that ends just when another caller comes is that caller's as well`() async throws {
        for _ in 0..<1000 { try await askAsAMintEnds() }
    }

    private func askAsAMintEnds() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let first = Task { try await test.token() }
        await gate.reached(by: 1)
        let second = Task { try await test.token() }
        await gate.open()
        #expect(try await first.value == second.value)
        #expect(test.endpoint.mints.count == 1)
    }

    @Test func `a caller that gives up takes nothing from the others`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let first = Task { try await test.token() }
        await gate.reached(by: 1)
        let second = Task { try await test.token() }
        first.cancel()
        await gate.open()
        #expect(try await second.value == "token-1-of-key-1")
        #expect(try await test.token() == "token-1-of-key-1")
        #expect(test.endpoint.mints.count == 1)
    }

    @Test func `a failure is everybody's for a while that doubles`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.refused("no"))
        for (mints, wait) in [(1, 1.0), (2, 2), (3, 4), (4, 8), (5, 10), (6, 10), (7, 10)] {
            for _ in 0..<10 {
                await #expect(throws: BrokerError.mintUnavailable(retryAfter: .seconds(wait))) {
                    try await test.token()
                }
            }
            #expect(test.endpoint.mints.count == mints)
            test.clock.advance(by: .seconds(wait))
        }
        test.endpoint.fail(nil)
        _ = try await test.token()
    }

    @Test func `a refresh that is due makes nobody wait, and happens once`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let first = try await test.token()
        test.clock.advance(by: .seconds(2700))
        let gate = Gate()
        test.endpoint.hold(by: gate)
        for _ in 0..<100 { #expect(try await test.token() == first) }
        test.core.refresher.refreshDue()
        await gate.reached(by: 1)
        #expect(test.endpoint.mints.count == 2)
        await gate.open()
        // The refresh's own mint is what a joiner gets.
        test.clock.advance(by: .seconds(899))
        #expect(try await test.token() == "token-2-of-key-1")
        #expect(test.endpoint.mints.count == 2)
    }

    @Test func `a token that nobody fetched is not refreshed`() async throws {
        let store = MemoryStore()
        let clock = ManualClock()
        let before = try await TestBroker(clock: clock, store: store)
        try await before.addKey()
        _ = try await before.token()
        let after = try await TestBroker(clock: clock, store: store)
        after.clock.advance(by: .seconds(3000))
        try await after.refresh()
        #expect(after.endpoint.mints.isEmpty)
    }

    @Test func `a failed refresh leaves the good token in place`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let first = try await test.token()
        test.endpoint.fail(.refused("no"))
        for _ in 0..<60 {
            test.clock.advance(by: .seconds(59))
            test.core.refresher.refreshDue()
            #expect(try await test.token() == first)
        }
        test.clock.advance(by: .seconds(59))
        await #expect(throws: BrokerError.self) { try await test.token() }
    }

    @Test func `a restart mints nothing, and a clock that was set back meanwhile is not trusted`() async throws {
        let store = MemoryStore()
        let clock = ManualClock()
        let before = try await TestBroker(clock: clock, store: store)
        try await before.addKey()
        let token = try await before.token()

        let after = try await TestBroker(clock: clock, store: store)
        #expect(try await after.token() == token)
        #expect(after.endpoint.mints.isEmpty)

        clock.setWall(by: .seconds(-7200))
        let later = try await TestBroker(clock: clock, store: store)
        _ = try await later.token()
        #expect(later.endpoint.mints.count == 1)
    }

    @Test func `a token from before a restart is opened when it is first asked for, and once`() async throws {
        let store = MemoryStore()
        let clock = ManualClock()
        let before = try await TestBroker(clock: clock, store: store)
        try await before.addKey()
        _ = try await before.token()

        let after = try await TestBroker(clock: clock, store: store)
        #expect(after.sealer.opened.count == 0)
        for _ in 0..<3 { _ = try await after.token() }
        #expect(after.sealer.opened.count == 1)
    }

    @Test func `a token that is minted while an old one is opened is the one that counts`() async throws {
        let test = try await restarted()
        let key = try #require(test.core.registry.enabledKeys(of: TestBroker.project).first)
        let life = TokenLife(start: test.clock.now, lifetime: .seconds(3599), refreshDue: .seconds(2700))
        let minted = AccessToken(
            value: Secret("new"), digest: test.sealer.digest(of: Secret("new")), slot: key.slot(for: key.scope),
            life: life
        )
        test.sealer.whileOpening { [cache = test.core.cache] in cache.put(minted) }
        #expect(try await test.token() == "new")
        #expect(try await test.token() == "new")
    }

    /// A broker with a token from before its start.
    private func restarted() async throws -> TestBroker {
        let store = MemoryStore()
        let clock = ManualClock()
        let before = try await TestBroker(clock: clock, store: store)
        try await before.addKey()
        _ = try await before.token()
        return try await TestBroker(clock: clock, store: store)
    }

    @Test func `a broker that was stopped for a day hands out nothing from the day before`() async throws {
        let store = MemoryStore()
        let clock = ManualClock()
        let before = try await TestBroker(clock: clock, store: store)
        try await before.addKey()
        _ = try await before.token()
        clock.advance(by: .seconds(86_400))
        let after = try await TestBroker(clock: clock, store: store)
        _ = try await after.token()
        #expect(after.endpoint.mints.count == 1)
    }

    @Test func `a refresh that the budget puts off comes later, and waiting callers come first`() async throws {
        let test = try await TestBroker(mintRate: 1, mintBurst: 4)
        for number in 0..<4 { try await test.addKey("key-\(number)", project: ProjectID("project-\(number)")) }
        _ = try await test.token(of: ProjectID("project-0"))
        test.clock.advance(by: .seconds(2800))
        // Three waiting callers leave one turn of four, and half of the bucket is not for refreshes.
        for number in 1..<4 { _ = try await test.token(of: ProjectID("project-\(number)")) }
        _ = try await test.token(of: ProjectID("project-0"))
        try await test.core.flights.drained()
        #expect(test.endpoint.mints.count == 4)
        for _ in 0..<40 {
            test.clock.advance(by: .seconds(1))
            try await test.refresh()
        }
        #expect(test.endpoint.mints.count == 5)
        #expect(try await test.token(of: ProjectID("project-0")) == "token-5-of-key-0")
    }

    @Test func `a token that is adopted during a mint starts no second one`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let caller = Task { try await test.token() }
        await gate.reached(by: 1)
        let verification = Task { try await test.perform(KeyVerification(key)) }
        await gate.reached(by: 2)
        await gate.open()
        _ = try await (caller.value, verification.value)
        _ = try await test.token()
        #expect(test.endpoint.mints.count == 2)
    }

    @Test func `a project's refresh goes on with the active key until it works`() async throws {
        let test = try await TestBroker()
        try await test.addKey("key-1")
        let second = try await test.addKey("key-2")
        let first = try await test.token()
        _ = try await test.perform(KeyChange(.activate, second))
        test.endpoint.fail(.refused("no"))
        test.clock.advance(by: .seconds(2800))
        for _ in 0..<60 {
            try await test.refresh()
            test.clock.advance(by: .seconds(1))
        }
        #expect(try await test.token() == first)
        test.endpoint.fail(nil)
        for _ in 0..<60 {
            try await test.refresh()
            test.clock.advance(by: .seconds(1))
        }
        #expect(try await test.token().hasSuffix("of-key-2"))
    }
}
