import BrokerTesting
import Testing

@testable import Broker

struct BackoffTests {
    private static let now = ManualClock().now

    /// What is waited after failures that follow one another.
    private func waits(_ schedule: Backoff.Schedule, failures: Int, random: Double = 0.5) -> [Duration] {
        var last: Backoff?
        return (0..<failures).map { _ in
            let next = Backoff(schedule, after: last, at: Self.now, random: random)
            last = next
            return next.remaining(at: Self.now)
        }
    }

    @Test func `a wait doubles: from 1 s to 10 s after a failure, from 30 s to 5 min for a key in quarantine`() {
        #expect(waits(.failure, failures: 6) == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
        #expect(waits(.quarantine, failures: 6) == [30, 60, 120, 240, 300, 300].map { .seconds($0) })
    }

    @Test func `a wait is drawn, 20 % to either side`() {
        #expect(waits(.failure, failures: 1, random: 0) == [.milliseconds(800)])
        #expect(
            (Duration.milliseconds(1199)...(.milliseconds(1200))).contains(
                waits(.failure, failures: 1, random: 0.9999)[0]))
    }

    @Test func `no wait is shorter than what the authorization server asks for`() {
        let backoff = Backoff(.failure, atLeast: .seconds(42), at: Self.now, random: 0.5)
        #expect(backoff.remaining(at: Self.now) == .seconds(42))
    }
}
