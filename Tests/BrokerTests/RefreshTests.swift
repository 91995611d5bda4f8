import Broker
import BrokerTesting
import Testing

/// When tokens are refreshed, in which order, and what makes nobody refresh them.
struct RefreshTests {
    private func projects(_ count: Int, of test: TestBroker) async throws -> [ProjectID] {
        let projects = try (0..<count).map { try ProjectID("project-\($0)") }
        for (number, project) in projects.enumerated() { try await test.addKey("key-\(number)", project: project) }
        return projects
    }

    @Test func `a request for a token that is due starts nothing itself`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let token = try await test.token()
        test.clock.advance(by: .seconds(2800))
        for _ in 0..<1000 { #expect(try await test.token() == token) }
        #expect(test.core.flights.running == 0)
        #expect(test.endpoint.mints.count == 1)
        try await test.refresh()
        #expect(test.endpoint.mints.count == 2)
    }

    @Test func `a project that is asked for all the time does not keep another's refresh from its turn`() async throws {
        let test = try await TestBroker(mintRate: 0.2, mintBurst: 4)
        let projects = try await projects(2, of: test)
        // The second one's promise ends first.
        _ = try await test.token(of: projects[1])
        test.clock.advance(by: .seconds(10))
        _ = try await test.token(of: projects[0])
        test.clock.advance(by: .seconds(2700))
        // Callers take what the budget has, so that every refresh is put off.
        for number in 2..<6 {
            let project = try ProjectID("project-\(number)")
            try await test.addKey("key-\(number)", project: project)
            _ = try await test.token(of: project)
        }
        let before = test.endpoint.mints.count
        for _ in 0..<60 {
            for _ in 0..<50 { _ = try await test.token(of: projects[0]) }
            try await test.refresh()
            test.clock.advance(by: .seconds(1))
        }
        let keys = test.endpoint.mints.dropFirst(before).map(\.description)
        #expect(keys == ["key-1", "key-0"])
    }

    @Test func `refreshes are done in the order in which their promises end, at the budget's pace without gaps`()
        async throws
    {
        let test = try await TestBroker(mintRate: 5, mintBurst: 10)
        let projects = try await projects(100, of: test)
        for project in projects {
            _ = try await test.token(of: project)
            test.clock.advance(by: .milliseconds(250))
        }
        test.clock.advance(by: .seconds(2700))
        let before = test.endpoint.mints.count
        let start = test.clock.now
        while test.endpoint.mints.count < before + 100 {
            let started = test.endpoint.mints.count
            let pause = test.core.refresher.refreshDue()
            try await test.core.flights.drained()
            // Those that start together may overtake each other.
            let together = test.endpoint.mints.dropFirst(started)
            #expect(Set(together) == Set(test.endpoint.mints.dropFirst(started - before).prefix(together.count)))
            test.clock.advance(by: pause)
        }
        // Half of the bucket at once, and the rest at the rate.
        let elapsed = test.clock.now.elapsed(since: start) / .seconds(1)
        #expect((18...20).contains(elapsed), "\(elapsed) s")
    }

    @Test(arguments: [true, false])
    func `after a rotation or a fail-over nobody's demand mints nothing more`(isRotation: Bool) async throws {
        let test = try await TestBroker()
        let first = try await test.addKey("key-1")
        _ = try await test.token()
        test.clock.advance(by: .seconds(600))
        if isRotation {
            _ = try await test.perform(KeyRotation(TestBroker.registration(try KeyID("key-2"), verify: true)))
        } else {
            try await test.addKey("key-2")
            test.endpoint.fail(.keyRefused, key: first)
            test.clock.advance(by: .seconds(2100))
            try await test.refresh()
            // The key is in quarantine now, so that the next one's token comes first.
            _ = try await test.token()
        }
        let before = test.endpoint.mints.count
        for _ in 0..<3000 {
            try await test.refresh()
            test.clock.advance(by: .seconds(1))
        }
        // The token that was fetched after the fail-over is refreshed once: the refused key is tried first again.
        #expect(test.endpoint.mints.dropFirst(before).map(\.description) == (isRotation ? [] : ["key-1", "key-2"]))
    }

    @Test func `a refresh that a caller joins is tried again as the caller's would be`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        _ = try await test.token()
        test.clock.advance(by: .seconds(3298))
        let gate = Gate()
        test.endpoint.hold(by: gate)
        test.core.refresher.refreshDue()
        await gate.reached(by: 1)
        // Now the promise has ended: a caller has to wait for the refresh.
        test.clock.advance(by: .seconds(2))
        let caller = Task { try await test.accessToken() }
        try await until { test.clock.timeouts > 0 }
        test.endpoint.fail(.unavailable("no"), times: 2)
        await gate.open()
        #expect(try await caller.value.life.keepsPromise(at: test.clock.now))
        #expect(test.endpoint.mints.count == 4, "the first one, and three attempts")
    }

    @Test func `a refresh that finds its mint running already takes nothing from the budget`() async throws {
        let test = try await TestBroker(mintRate: 0.001, mintBurst: 10)
        try await test.addKey()
        _ = try await test.token()
        test.clock.advance(by: .seconds(2800))
        _ = try await test.token()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        // More life than is left: a caller's mint.
        let caller = Task { try await test.token(minimumLife: .seconds(2000)) }
        await gate.reached(by: 1)
        let before = try await test.status().budgets.map(\.remaining)
        for _ in 0..<3 {
            test.core.refresher.refreshDue()
            test.clock.advance(by: .seconds(1))
        }
        #expect(try await test.status().budgets.map(\.remaining) == before)
        await gate.open()
        _ = try await caller.value
    }

    @Test func `a refresh that fails is tried again once in its backoff, and nobody waits for it`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let token = try await test.token()
        test.clock.advance(by: .seconds(2800))
        test.endpoint.fail(.refused("no"))
        for _ in 0..<100 {
            try await test.refresh()
            #expect(try await test.token() == token)
            test.clock.advance(by: .seconds(1))
        }
        // After 1, 2, 4, 8 and then every 10 s, each seen within a second.
        #expect((11...13).contains(test.endpoint.mints.count - 1))
    }

    @Test func `a token of which nothing is left is refreshed no more`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        _ = try await test.token()
        test.endpoint.fail(.unavailable("no"))
        for _ in 0..<3700 {
            try await test.refresh()
            test.clock.advance(by: .seconds(1))
        }
        let mints = test.endpoint.mints.count
        for _ in 0..<100 {
            try await test.refresh()
            test.clock.advance(by: .seconds(1))
        }
        #expect(test.endpoint.mints.count == mints)
    }
}
