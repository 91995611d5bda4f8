import Broker
import BrokerTesting
import Foundation
import Testing

struct StatusReportTests {
    @Test func `a problem says since when, why, what clients feel and what to do; then that it is over`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let begin = test.clock.now.wall
        test.endpoint.fail(.unavailable("connection refused"))
        await #expect(throws: BrokerError.self) { try await test.token() }
        let problem = try #require(try await test.status().problems.first { $0.subject.hasPrefix("token endpoint") })
        #expect(problem.state == "failing" && problem.end == nil)
        #expect(problem.reason == "the authorization server is unavailable: connection refused")
        #expect(problem.since >= begin && problem.since <= test.clock.now.wall)
        #expect(problem.effect.contains("503") && problem.action.contains("token-broker doctor"))
        test.endpoint.fail(nil)
        test.clock.advance(by: .seconds(110))
        _ = try await test.token()
        let status = try await test.status()
        #expect(status.problems.isEmpty)
        let over = try #require(status.over.first { $0.subject == problem.subject })
        #expect(over.since == problem.since && over.reason == problem.reason)
        #expect(try #require(over.end).timeIntervalSince(over.since) >= 110)
    }

    @Test(arguments: [true, false])
    func `only a broker that is ready says that there are no problems`(isReady: Bool) async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let serving = ServingReport(
            version: "1", commit: "c", startedAt: test.clock.now.wall, ready: isReady,
            failedChecks: isReady ? [] : ["listeners"], connections: [:], lastHour: []
        )
        let administrator = Administrator(test.core, for: .broker, serving: { serving })
        let text = try await StatusReport().perform(by: administrator).text
        #expect(text.contains("no problems") == isReady)
        #expect(text.contains("not ready (listeners)") == !isReady)
    }

    @Test func `a problem that gets worse says since when it is as it is now`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.fail(.unavailable("connection refused"))
        var sinces: [String: Date] = [:]
        while sinces["unavailable"] == nil {
            _ = try? await test.token()
            let problem = try #require(
                try await test.status().problems.first { $0.subject.hasPrefix("token endpoint") })
            sinces[problem.state] = sinces[problem.state] ?? problem.since
            #expect(sinces[problem.state] == problem.since)
            test.clock.advance(by: .seconds(15))
        }
        let (failing, unavailable) = (try #require(sinces["failing"]), try #require(sinces["unavailable"]))
        #expect(unavailable.timeIntervalSince(failing) >= 15)
    }

    @Test func `a project that gets its token from a verification works again`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        test.endpoint.fail(.keyRefused)
        await #expect(throws: BrokerError.self) { try await test.token() }
        #expect(try await test.status().problems.map(\.state) == ["quarantined", "out_of_tokens"])
        test.endpoint.fail(nil)
        _ = try await test.perform(KeyVerification(key))
        let status = try await test.status()
        #expect(status.problems.isEmpty)
        #expect(status.over.map(\.state) == ["out_of_tokens", "quarantined"])
    }

    @Test func `a disabled key that is verified gives its project no token`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let second = try await test.addKey("key-2")
        _ = try await test.perform(KeyChange(.disable, second))
        test.endpoint.fail(.unavailable("no"))
        await #expect(throws: BrokerError.self) { try await test.token() }
        test.endpoint.fail(nil)
        _ = try await test.perform(KeyVerification(second))
        #expect(try await test.status().problems.map(\.state) == ["out_of_tokens"])
    }

    @Test func `the newest twenty problems of projects, and twenty others, are remembered when they are over`()
        async throws
    {
        let test = try await TestBroker()
        for number in 1...25 {
            let project = try ProjectID("project-\(number)")
            let key = try await test.addKey("key-\(number)", project: project)
            test.endpoint.fail(.keyRefused, key: key)
            await #expect(throws: BrokerError.self) { try await test.token(of: project) }
            test.endpoint.fail(nil, key: key)
            test.clock.advance(by: .seconds(60))
            _ = try await test.token(of: project)
        }
        let over = try await test.status().over
        #expect(over.filter { $0.subject.hasPrefix("project") }.count == 20)
        #expect(over.filter { $0.subject.hasPrefix("key") }.count == 20)
        #expect(over.first?.subject == "project project-25")
    }

    @Test func `what ends for many projects at once does not hide what ended for all of them`() async throws {
        let test = try await TestBroker()
        let projects = try (1...30).map { try ProjectID("project-\($0)") }
        for project in projects { try await test.addKey("key-of-\(project)", project: project) }
        test.endpoint.fail(.unavailable("no"))
        for project in projects { await #expect(throws: BrokerError.self) { try await test.token(of: project) } }
        test.endpoint.fail(nil)
        test.clock.advance(by: .seconds(60))
        for project in projects { _ = try await test.token(of: project) }
        let over = try await test.status().over
        #expect(over.count == 21)
        #expect(over.last?.subject == "token endpoint http://127.0.0.1/oauth2/token")
    }

    @Test func `a project says what fails, how often and since when`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        #expect(try await test.status().projects.first?.failures == nil)
        test.endpoint.fail(.unavailable("no"))
        for _ in 0..<2 {
            await #expect(throws: BrokerError.self) { try await test.token() }
            test.clock.advance(by: .seconds(20))
        }
        let failures = try #require(try await test.status().projects.first?.failures)
        #expect(failures.count == 2 && failures.reason == "the authorization server is unavailable: no")
        #expect(test.clock.now.wall.timeIntervalSince(failures.since) > 30)
    }

    @Test func `a search finds projects and clients by a part of their ID, in upper or lower case`() async throws {
        let test = try await TestBroker()
        for name in ["alpha-1", "Alpha-2", "beta"] {
            try await test.addKey("key-of-\(name)", project: ProjectID(name))
            try await test.addClient("client-\(name)", projects: [])
        }
        let status = try await test.perform(StatusReport(limit: 1, search: "ALPHA"))
        #expect(status.projects.map(\.projectID.description) == ["Alpha-2"])
        #expect(status.next?.description == "Alpha-2")
        #expect(status.clients.map(\.clientID.description) == ["client-Alpha-2", "client-alpha-1"])
        let rest = try await test.perform(StatusReport(after: status.next, limit: 1, search: "ALPHA"))
        #expect(rest.projects.map(\.projectID.description) == ["alpha-1"] && rest.next == nil)
        #expect(status.projectCount == 3, "counts are of all")
    }
}
