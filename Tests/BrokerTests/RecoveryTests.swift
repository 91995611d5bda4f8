import Broker
import BrokerTesting
import Logging
import Testing

/// How soon clients are served again once the authorization server works again, and what the log says meanwhile.
struct RecoveryTests {
    @Test(arguments: [10, 120, 1800], [0.0, 0.5, 0.9999])
    func `everybody is served within 12 s after an outage, however long it was`(seconds: Int, random: Double)
        async throws
    {
        let test = try await TestBroker(random: random, mintRate: 5, mintBurst: 10)
        let projects = try (0..<8).map { try ProjectID("project-\($0)") }
        for (number, project) in projects.enumerated() { try await test.addKey("key-\(number)", project: project) }
        /// Asks for each project, refreshes what is due, and lets time pass.
        func ask(every step: Duration = .milliseconds(500)) async throws -> Set<ProjectID> {
            var served: Set<ProjectID> = []
            try await test.refresh()
            for project in projects where (try? await test.token(of: project)) != nil { served.insert(project) }
            test.clock.advance(by: step)
            return served
        }
        test.endpoint.fail(.unavailable("no answer"))
        let start = test.clock.now
        let step: Duration = seconds < 600 ? .milliseconds(500) : .seconds(2)
        while test.clock.now.elapsed(since: start) < .seconds(seconds) { #expect(try await ask(every: step).isEmpty) }

        test.endpoint.fail(nil)
        let recovered = test.clock.now
        while try await ask().count < projects.count {}
        #expect(test.clock.now.elapsed(since: recovered) <= .seconds(12.5), "asked every half a second")
    }

    @Test func `an operator's verification goes through an open breaker, and closes it`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        test.endpoint.fail(.unavailable("no answer"))
        for seconds in [0, 1] {
            test.clock.advance(by: .seconds(seconds))
            await #expect(throws: BrokerError.self) { try await test.token() }
        }
        #expect(try await test.status().breakers.map(\.probeIn) == [1], "open, and no probe yet")
        test.endpoint.fail(nil)
        _ = try await test.perform(KeyVerification(key))
        #expect(try await test.status().breakers.isEmpty)
        let added = TestBroker.registration(try KeyID("key-2"), verify: true)
        _ = try await test.perform(KeyAddition(added))
    }

    @Test func `a good answer to one key ends the backoff of every other`() async throws {
        let test = try await TestBroker()
        let other = try ProjectID("project-2")
        try await test.addKey("key-1")
        try await test.addKey("key-2", project: other)
        test.endpoint.fail(.throttled(retryAfter: .seconds(50)))
        await #expect(throws: BrokerError.mintThrottled(retryAfter: .seconds(50))) { try await test.token() }
        test.endpoint.fail(nil)
        await #expect(throws: BrokerError.self) { try await test.token() }
        _ = try await test.token(of: other)
        _ = try await test.token()
    }

    @Test func `no longer wait is believed than 60 s`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.throttled(retryAfter: .seconds(3600)))
        await #expect(throws: BrokerError.mintThrottled(retryAfter: .seconds(60))) { try await test.token() }
    }

    @Test func `the first refusal after other failures quarantines a key for 30 s`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.refused("no"))
        for _ in 0..<5 {
            await #expect(throws: BrokerError.self) { try await test.token() }
            test.clock.advance(by: .seconds(10))
        }
        test.endpoint.fail(.keyRefused)
        for _ in 0..<30 {
            await #expect(throws: BrokerError.everyKeyRefused) { try await test.token() }
            test.clock.advance(by: .seconds(1))
        }
        #expect(test.endpoint.mints.count == 6)
        test.endpoint.fail(nil)
        _ = try await test.token()
    }

    @Test func `an outage of 110 s is told by the log alone, from its start to the recovery`() async throws {
        let test = try await TestBroker(mintRate: 5, mintBurst: 10)
        try await test.addKey()
        _ = try await test.token()
        test.clock.advance(by: .seconds(3599 - 345))
        _ = try await test.token()
        let before = test.log.lines(from: .notice).count
        func pass(_ seconds: Int) async throws {
            for _ in 0..<seconds {
                try await test.refresh()
                _ = try? await test.token()
                test.clock.advance(by: .seconds(1))
            }
        }
        test.endpoint.fail(.unavailable("connection refused"))
        try await pass(110)
        test.endpoint.fail(nil)
        try await pass(15)
        let lines = test.log.lines(from: .notice).dropFirst(before).filter { !$0.hasPrefix("audit") }
        #expect(lines.count < 20)
        let story = [
            ["mints fail", "http://127.0.0.1/oauth2/token", "connection refused"],
            ["keeps failing", "http://127.0.0.1/oauth2/token"],
            ["less life left than promised", "project-1"],
            ["working again", "http://127.0.0.1/oauth2/token"],
            ["working again", "project-1"],
        ]
        #expect(lines.count == story.count, "\(lines.joined(separator: "\n"))")
        for (line, words) in zip(lines, story) {
            for word in words { #expect(line.contains(word), "\(line)") }
        }
    }

    @Test func `an authorization server that wants fewer requests is told of`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.throttled(retryAfter: nil))
        await #expect(throws: BrokerError.self) { try await test.token() }
        #expect(test.log.lines(from: .warning).count { $0.contains("wants fewer requests") } == 1)
        #expect(try await test.status().problems.map(\.state).contains("throttled"))
    }

    @Test func `a project that never had a token is out of tokens when it gets none`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.unavailable("no"))
        for _ in 0..<20 {
            await #expect(throws: BrokerError.self) { try await test.token() }
            test.clock.advance(by: .seconds(5))
        }
        #expect(test.log.lines(from: .error).count { $0.contains("no token that can be used") } == 1)
        #expect(try await test.status().problems.map(\.state).contains("out_of_tokens"))
    }

    @Test func `what was removed or disabled is in no trouble`() async throws {
        let test = try await TestBroker()
        let key = try KeyID("key-1")
        let own = TestBroker.registration(key, tokenEndpoint: "http://127.0.0.1:9/oauth2/token", verify: false)
        for change in [KeyChange(.disable, key, force: true), KeyChange(.remove, key, force: true)] {
            _ = try await test.perform(KeyAddition(own))
            for failure in [MintFailure.unavailable("no"), .unavailable("no"), .keyRefused, .unavailable("no")] {
                test.endpoint.fail(failure)
                for _ in 0..<3 {
                    _ = try? await test.token()
                    test.clock.advance(by: .seconds(12))
                }
            }
            #expect(try await test.status().breakers.count == 1)
            #expect(try await !test.status().problems.isEmpty)
            _ = try await test.perform(change)
            if change.verb == .disable {
                let problems = try await test.status().problems
                #expect(problems.map(\.subject).allSatisfy { $0.hasPrefix("token endpoint") }, "\(problems)")
                _ = try await test.perform(KeyChange(.remove, key))
            }
            let status = try await test.status()
            #expect(status.problems.map(\.subject) == ["registry"], "\(status)")
            #expect(status.breakers.isEmpty && status.budgets.count == 1, "\(status)")
        }
    }

    @Test func `a project that runs out of tokens says so once, and when it has one again`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        _ = try await test.token()
        test.endpoint.fail(.refused("no"))
        for _ in 0..<3700 {
            try await test.refresh()
            test.clock.advance(by: .seconds(1))
        }
        test.endpoint.fail(nil)
        _ = try await test.token()
        let lines = test.log.lines(from: .notice).filter { !$0.hasPrefix("audit") }
        for words in ["mints fail", "less life left than promised", "no token that can be used"] {
            #expect(lines.count { $0.contains(words) } == 1, "\(lines.joined(separator: "\n"))")
        }
        #expect(lines.count { $0.contains("working again") } == 2, "key and project")
    }
}
