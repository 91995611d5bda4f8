import Broker
import BrokerTesting
import Testing

/// One client or key that takes all that it can, and what the others get.
struct FairnessTests {
    private func projects(_ count: Int, in test: TestBroker, scope: String = "") async throws -> [ProjectID] {
        var projects: [ProjectID] = []
        for number in 0..<count {
            projects.append(try ProjectID("project-\(number)"))
            try await test.addKey("key-\(number)", project: projects[number], scope: scope)
        }
        return projects
    }

    private func report(
        _ token: String, of project: ProjectID, by client: String, to test: TestBroker
    ) async throws -> Replacement {
        try await test.core.tokens.replace(
            PlainSealer().digest(of: Secret(token)), of: project, for: ClientID(client),
            by: Deadline(after: Deadline.request, from: test.clock.now)
        )
    }

    // MARK: The budget

    /// One client has caused as many mints as there is room for. Others come, and time passes until all have a permit.
    ///
    /// - Returns: the keys in the order in which those that waited were minted with.
    private func order(of others: [(client: String, project: Int)]) async throws -> [String] {
        let clock = ManualClock(sleep: .waits)
        let test = try await TestBroker(clock: clock, mintRate: 5, mintBurst: 10)
        let projects = try await projects(60, in: test)
        let turnedAway = Tally()
        @Sendable func ask(for project: Int, as client: String) async {
            do {
                _ = try await test.token(of: projects[project], to: client)
            } catch {
                turnedAway.add()
                if client != "greedy" { Issue.record("\(client) is turned away") }
            }
        }
        await withTaskGroup { group in
            // Ten have a permit at once, 37 wait, and three are turned away.
            for project in 0..<50 {
                group.addTask { await ask(for: project, as: "greedy") }
                try? await until { test.endpoint.mints.count + clock.sleepers + turnedAway.count == project + 1 }
            }
            for (number, other) in others.enumerated() {
                group.addTask { await ask(for: other.project, as: other.client) }
                try? await until { test.core.flights.waiters + turnedAway.count == 37 + 3 + number + 1 }
            }
            for turn in 1...37 {
                clock.advance(by: .milliseconds(200))
                try? await until { test.endpoint.mints.count == 10 + turn }
            }
        }
        #expect(turnedAway.count == 3 + others.count { $0.project >= 50 }, "the newest of the greedy client make room")
        return test.endpoint.mints.dropFirst(10).map(\.description)
    }

    @Test func `a client's mint comes next, however many mints another one has caused`() async throws {
        let order = try await order(of: [("other", 50)])
        #expect(order[0] == "key-10" && order[1] == "key-50", "\(order)")
    }

    @Test func `clients take turns, and the projects of one client do`() async throws {
        let order = try await order(of: [("a", 50), ("a", 51), ("b", 52)])
        #expect(order[..<6] == ["key-10", "key-50", "key-52", "key-11", "key-51", "key-12"], "\(order)")
    }

    @Test func `a project's mint comes next, however many mints the same client has caused for another`() async throws {
        let clock = ManualClock(sleep: .waits)
        let test = try await TestBroker(clock: clock, mintRate: 1, mintBurst: 1)
        let projects = try await projects(2, in: test, scope: "a b c")
        await withTaskGroup { group in
            for (number, (project, scope)) in [(0, "a"), (0, "b"), (0, "c"), (1, "a")].enumerated() {
                group.addTask { _ = try? await test.token(of: projects[project], scope: Scope(scope)) }
                try? await until { test.endpoint.mints.count + clock.sleepers == number + 1 }
            }
            for turn in 1...3 {
                clock.advance(by: .seconds(1))
                try? await until { test.endpoint.mints.count == 1 + turn }
            }
        }
        #expect(test.endpoint.mints.map(\.description) == ["key-0", "key-0", "key-1", "key-0"])
    }

    @Test func `a client that joins a waiting mint brings its own turn`() async throws {
        let order = try await order(of: [("other", 40)])
        #expect(order[0] == "key-10" && order[1] == "key-40", "\(order)")
    }

    // MARK: Rejected tokens

    @Test func `replacements leave three quarters of the budget to others`() async throws {
        let test = try await TestBroker(mintRate: 0.01, mintBurst: 8)
        let projects = try await projects(4, in: test)
        test.clock.advance(by: .seconds(1000))
        var tokens: [String] = []
        for project in projects { tokens.append(try await test.token(of: project)) }
        test.clock.advance(by: .seconds(201))
        // Six are left, of eight.
        #expect(try await test.status().budgets.map(\.remaining) == [6])
        let outcome = try await report(tokens[0], of: projects[0], by: "a", to: test)
        guard case .tooSoon(let wait) = outcome else { throw Unexpected(nil) }
        #expect(wait > .seconds(90) && wait <= .seconds(100))
        test.clock.advance(by: wait)
        #expect(try await report(tokens[0], of: projects[0], by: "a", to: test) == .replaced)
        #expect(try await test.status().budgets.map(\.remaining) == [6])
    }

    @Test func `a client causes a fifth of the budget by reports, and takes nothing from another's`() async throws {
        let test = try await TestBroker(mintRate: 10, mintBurst: 8)
        let projects = try await projects(31, in: test)
        var tokens: [String] = []
        for project in projects { tokens.append(try await test.token(of: project)) }
        test.clock.advance(by: .seconds(60))
        let start = test.clock.now
        for number in 0..<30 {
            #expect(try await report(tokens[number], of: projects[number], by: "greedy", to: test) == .replaced)
        }
        // The first four are the client's burst. The others wait, two per second.
        let elapsed = test.clock.now.elapsed(since: start)
        #expect(elapsed > .seconds(12) && elapsed < .seconds(14))
        #expect(try await report(tokens[30], of: projects[30], by: "other", to: test) == .replaced)
        #expect(test.clock.now.elapsed(since: start) == elapsed, "another client does not wait")
    }

    // MARK: Scopes

    @Test func `a client gets 16 scope sets of a key, and another one as many`() async throws {
        let names = (0..<12).map { "s\($0)" }
        let test = try await TestBroker()
        try await test.addKey(scope: names.joined(separator: " "))
        func sets(to client: String, _ numbers: Range<Int>) async throws -> Int {
            var got = 0
            for number in numbers {
                let scope = try Scope(
                    names.indices.filter { number >> $0 & 1 == 1 }.map { names[$0] }.joined(separator: " "))
                do {
                    _ = try await test.token(scope: scope, to: client)
                    got += 1
                } catch BrokerError.mintThrottled(let wait) {
                    #expect(wait > .seconds(60))
                }
            }
            return got
        }
        #expect(try await sets(to: "greedy", 1..<4095) == 16)
        #expect(test.endpoint.mints.count == 16)
        #expect(try await sets(to: "greedy", 1..<17) == 16, "those that are there")
        #expect(try await sets(to: "other", 4000..<4095) == 16)
        _ = try await test.token(to: "greedy")
        test.clock.advance(by: .seconds(1800))
        #expect(try await sets(to: "greedy", 100..<200) == 8, "half as many again in half an hour")
    }

    @Test func `a scope set that a client had is minted again without a permit`() async throws {
        let test = try await TestBroker()
        try await test.addKey(scope: (0..<16).map { "s\($0)" }.joined(separator: " "))
        test.endpoint.answer(expiresIn: 600)
        for _ in 0..<3 {
            for number in 0..<16 { _ = try await test.token(scope: Scope("s\(number)")) }
            test.clock.advance(by: .seconds(580))
        }
        #expect(test.endpoint.mints.count == 48)
    }

    // MARK: Answers that cannot be used

    @Test func `keys with answers that cannot be used take nothing from the others`() async throws {
        let test = try await TestBroker()
        let projects = try await projects(40, in: test)
        for number in 0..<4 {
            test.endpoint.fail(.garbled("the token is longer than 8 KiB"), key: try KeyID("key-\(number)"))
        }
        for number in 4..<40 {
            for bad in 0..<4 { await #expect(throws: BrokerError.self) { try await test.token(of: projects[bad]) } }
            _ = try await test.token(of: projects[number])
            test.clock.advance(by: .seconds(5))
        }
        let status = try await test.status()
        #expect(status.breakers.isEmpty)
        #expect(status.problems.filter { $0.subject.hasPrefix("key") }.count == 4, "\(status.problems)")
        #expect(!status.problems.contains { $0.subject.hasPrefix("token endpoint") })
    }

    @Test func `a key whose answers cannot be used counts once, until it works`() async throws {
        let test = try await TestBroker()
        let projects = try await projects(20, in: test)
        func poll() async throws {
            for project in projects[..<6] {
                await #expect(throws: BrokerError.self) { try await test.token(of: project) }
            }
            test.clock.advance(by: .seconds(12))
        }
        for number in 0..<6 { test.endpoint.fail(.garbled("no"), key: try KeyID("key-\(number)")) }
        try await poll()
        #expect(try await test.status().breakers.count == 1, "it may be the endpoint")
        _ = try await test.token(of: projects[10])
        for number in 11..<20 {
            try await poll()
            #expect(try await test.status().breakers.isEmpty, "it was not")
            _ = try await test.token(of: projects[number])
        }
    }

    @Test func `a key's bad answers are backed off from although others work`() async throws {
        let test = try await TestBroker()
        let projects = try await projects(200, in: test)
        test.endpoint.fail(.garbled("no"), key: try KeyID("key-0"))
        for project in projects.dropFirst() {
            await #expect(throws: BrokerError.self) { try await test.token(of: projects[0]) }
            _ = try await test.token(of: project)
            test.clock.advance(by: .seconds(1))
        }
        // Three attempts, and then one after 1, 2, 4, 8 and every ten seconds: 200 seconds.
        #expect(test.endpoint.requests.count { $0.key.description == "key-0" } <= 3 + 26)
    }

    @Test func `an endpoint whose answers can be used for no key is not asked`() async throws {
        let test = try await TestBroker()
        let projects = try await projects(40, in: test)
        test.endpoint.fail(.garbled("HTML"))
        for project in projects { await #expect(throws: BrokerError.self) { try await test.token(of: project) } }
        #expect(try await test.status().breakers.count == 1)
        #expect(test.endpoint.requests.count <= 4 * 3 + 1)
        test.endpoint.fail(nil)
        test.clock.advance(by: .seconds(12))
        for project in projects { _ = try await test.token(of: project) }
    }
}
