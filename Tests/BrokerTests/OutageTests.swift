import Broker
import BrokerTesting
import Synchronization
import Testing

/// Many projects, much time: what the authorization server sees of us.
struct OutageTests {
    static let projects = 500
    let rate = 5.0
    let burst = 10

    private func broker() async throws -> TestBroker {
        let test = try await TestBroker(clock: ManualClock(sleep: .waits), mintRate: rate, mintBurst: burst)
        for number in 0..<Self.projects {
            try await test.addKey("key-\(number)", project: ProjectID("project-\(number)"))
        }
        return test
    }

    /// Lets everything that can go on go on, then a step of time pass.
    private func step(_ test: TestBroker, _ duration: Duration) async throws {
        test.core.refresher.refreshDue()
        try await until { test.core.flights.running <= test.clock.sleepers }
        test.clock.advance(by: duration)
    }

    /// Does something that may have to wait, while time passes.
    private func waiting<Value: Sendable>(
        _ test: TestBroker, step duration: Duration, for body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let isDone = Mutex(false)
        async let value = {
            defer { isDone.withLock { $0 = true } }
            return try await body()
        }()
        while true {
            test.core.refresher.refreshDue()
            // Time passes only while somebody waits for it: the body may not have come as far yet.
            let clock = test.clock
            try await until {
                isDone.withLock { $0 } || (clock.sleepers > 0 && test.core.flights.running <= clock.sleepers)
            }
            if isDone.withLock({ $0 }) { return try await value }
            clock.advance(by: duration)
        }
    }

    /// The most requests in any stretch of so many seconds.
    private func peak(_ test: TestBroker, within seconds: Int) -> Int {
        let times = test.endpoint.requests.map(\.at.boot)
        return times.indices.map { first in
            times[first...].prefix { $0 <= times[first] + .seconds(seconds) }.count
        }.max() ?? 0
    }

    @Test func `500 cold projects are 500 mints, never faster than the budget`() async throws {
        let test = try await broker()
        let clients = ManualClock(sleep: .waits)
        let served = Tally()
        let callers = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<Self.projects {
                    group.addTask {
                        // As a client does that is told to try again.
                        while (try? await test.token(of: ProjectID("project-\(number)"))) == nil {
                            try await clients.sleep(for: .seconds(3))
                        }
                        served.add()
                    }
                }
                try await group.waitForAll()
            }
        }
        let start = test.clock.now
        while served.count < Self.projects {
            // Everybody has a token, or sleeps until the next try, or waits for a mint that waits for the budget.
            try await until {
                served.count + clients.sleepers + test.core.flights.running == Self.projects
                    && test.core.flights.running == test.clock.sleepers
            }
            for clock in [clients, test.clock] { clock.advance(by: .milliseconds(100)) }
        }
        let elapsed = test.clock.now.elapsed(since: start) / .seconds(1)
        try await callers.value
        #expect(Set(test.endpoint.mints).count == Self.projects)
        #expect(test.endpoint.mints.count == Self.projects)
        #expect(peak(test, within: 10) <= burst + Int(rate * 10) + 1)
        #expect(elapsed < 1.3 * (Double(Self.projects - burst) / rate), "the budget is used, too")
    }

    @Test func `an outage of two hours is not seen until tokens end, and recovery keeps to the budget`() async throws {
        let test = try await broker()
        // Everybody has a token, minted over the time that the budget needs.
        var next = 0
        while next < Self.projects {
            let number = next
            _ = try await waiting(test, step: .milliseconds(50)) {
                try await test.token(of: ProjectID("project-\(number)"))
            }
            next += 1
        }
        let before = test.endpoint.mints.count
        test.endpoint.fail(.unavailable("outage"))

        // Nobody goes without while a token lasts.
        var refused = 0
        var degraded = 0
        for second in 0..<7200 {
            try await step(test, .seconds(1))
            let number = second % Self.projects
            do {
                let (isUsable, keepsPromise) = try await waiting(test, step: .milliseconds(50)) {
                    let token = try await test.accessToken(of: ProjectID("project-\(number)"))
                    let now = test.clock.now
                    return (token.life.isUsable(at: now), token.life.keepsPromise(at: now))
                }
                #expect(isUsable)
                if !keepsPromise { degraded += 1 }
            } catch {
                refused += 1
                let life = test.core.tokens.life(of: try ProjectID("project-\(number)"))
                #expect(life?.isUsable(at: test.clock.now) != true, "refused although there was a token")
            }
        }
        #expect(refused > 0 && degraded > 0)
        let during = test.endpoint.mints.count - before
        // A breaker that lets one request probe every 10 s, from the first refresh after three quarters of an hour.
        #expect((400...500).contains(during), "\(during) requests in two hours")

        test.endpoint.fail(nil)
        var elapsed = 0
        var fresh = 0
        while fresh < Self.projects, elapsed < 2000 {
            try await step(test, .seconds(1))
            let number = elapsed % Self.projects
            _ = try await waiting(test, step: .milliseconds(50)) {
                try? await test.token(of: ProjectID("project-\(number)"))
            }
            elapsed += 1
            fresh = Set(test.endpoint.requests.suffix(from: before + during).map(\.key)).count
        }
        #expect(peak(test, within: 10) <= burst + Int(rate * 10) + 1)
        #expect(elapsed < 1000, "all were fresh again after \(elapsed) s")
    }
}
