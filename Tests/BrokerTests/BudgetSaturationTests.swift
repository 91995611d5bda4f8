import Broker
import BrokerTesting
import Testing

/// A budget that is too small is one problem, which says so before clients feel it.
struct BudgetSaturationTests {
    /// A broker that could mint for all of its projects at once, and can refresh hardly any of their tokens.
    private func starved(projects count: Int) async throws -> TestBroker {
        let test = try await TestBroker(mintRate: 0.01, mintBurst: count)
        for number in 0..<count {
            let project = try ProjectID("project-\(number)")
            try await test.addKey("key-\(number)", project: project)
        }
        for number in 0..<count { _ = try await test.token(of: ProjectID("project-\(number)")) }
        return test
    }

    /// The problems as "subject state".
    private func problems(_ test: TestBroker) async throws -> [String] {
        test.core.refresher.refreshDue()
        return try await test.status().problems.map { "\($0.subject) \($0.state)" }
    }

    private let saturated = ["request budget of http://127.0.0.1/oauth2/token saturated"]

    @Test func `refreshes that will come too late are one problem until the last token has expired`() async throws {
        let test = try await starved(projects: 100)
        test.clock.advance(by: .seconds(2600))
        #expect(try await problems(test).isEmpty)
        test.clock.advance(by: .seconds(100))
        #expect(try await problems(test) == saturated)
        let problem = try #require(try await test.status().problems.first)
        #expect(problem.needsOperator && problem.reason?.contains("refreshes due: 100") == true)
        let life = try #require(test.core.tokens.life(of: try ProjectID("project-99")))
        #expect(life.keepsPromise(at: test.clock.now), "it is reported before clients feel it")
        // Neither the end of the promise nor that of the tokens makes it a problem of each project.
        for _ in 0..<17 {
            test.clock.advance(by: .seconds(50))
            #expect(try await problems(test) == saturated)
        }
        test.clock.advance(by: .seconds(60))
        #expect(try await problems(test).isEmpty)
    }

    @Test func `many refreshes that the budget does in time are no problem`() async throws {
        let test = try await TestBroker(mintRate: 5, mintBurst: 10)
        for number in 0..<100 {
            let project = try ProjectID("project-\(number)")
            try await test.addKey("key-\(number)", project: project)
            _ = try await test.token(of: project)
        }
        test.clock.advance(by: .seconds(2700))
        for _ in 0..<60 {
            #expect(try await problems(test).isEmpty)
            test.clock.advance(by: .seconds(1))
        }
    }

    @Test func `a caller that is turned away makes it a problem for a minute`() async throws {
        let test = try await TestBroker(mintRate: 0.001, mintBurst: 1)
        try await test.addKey()
        let other = try ProjectID("project-2")
        try await test.addKey("key-2", project: other)
        _ = try await test.token()
        #expect(try await problems(test).isEmpty)
        await #expect(throws: BrokerError.self) { try await test.token(of: other) }
        #expect(try await problems(test) == saturated)
        test.clock.advance(by: .seconds(59))
        #expect(try await problems(test) == saturated)
        test.clock.advance(by: .seconds(2))
        #expect(try await problems(test).isEmpty)
        #expect(try await test.status().over.map(\.state) == ["saturated"])
    }

    @Test func `a token endpoint that fails is the problem, and not the budget`() async throws {
        let test = try await starved(projects: 20)
        test.endpoint.fail(.unavailable("no"))
        test.clock.advance(by: .seconds(1700))
        let first = try ProjectID("project-0")
        for _ in 0..<5 {
            _ = try? await test.token(of: first, minimumLife: .seconds(2500))
            test.clock.advance(by: .seconds(15))
        }
        test.clock.advance(by: .seconds(1575))
        let problems = try await problems(test)
        #expect(problems.contains("token endpoint http://127.0.0.1/oauth2/token unavailable"))
        #expect(!problems.contains(saturated[0]))
        #expect(problems.count { $0.hasSuffix("degraded") } == 20, "\(problems)")
    }
}
