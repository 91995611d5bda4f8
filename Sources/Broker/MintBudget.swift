package import Foundation
import Synchronization

/// How many requests each token endpoint gets from us, whatever our clients do.
///
/// Sinch's gateway is believed to hold a bucket of 30, 10 per second, for everybody behind one address.
package final class MintBudget: Sendable {
    private struct Limits {
        /// What the endpoint gets.
        var requests: RateLimit
        /// The places of refreshes that were put off, one behind the other, so that each comes back once.
        var postponed: RateLimit
    }

    private let rate: Double
    private let burst: Int
    private let clock: any BrokerClock
    /// Guards the endpoints' limits.
    private let limits = Mutex<[URL: Limits]>([:])

    package init(rate: Double, burst: Int, clock: any BrokerClock) {
        self.rate = rate
        self.burst = burst
        self.clock = clock
    }

    /// Takes a turn, and waits for it when somebody is waiting for the token.
    ///
    /// Half of the bucket is left to waiting callers: a refresh that would take from it is put off.
    /// Throws ``MintFailure/budgetSpent(retryAfter:)`` when the turn comes after the deadline.
    func take(for need: TokenNeed) async throws {
        let now = clock.now
        let wait = try limits.withLock { all in
            let endpoint = need.endpoint
            var limits =
                all[endpoint]
                ?? Limits(
                    requests: RateLimit(rate: rate, burst: burst, now: now.boot),
                    postponed: RateLimit(rate: rate, burst: 1, now: now.boot)
                )
            defer { all[endpoint] = limits }
            switch need.urgency {
            case .refresh where limits.requests.wait(leaving: burst / 2, at: now.boot) > .zero:
                limits.postponed.take(at: now.boot)
                throw MintFailure.postponed(limits.postponed.wait(at: now.boot))
            case .refresh, .caller:
                let wait = limits.requests.wait(at: now.boot)
                guard wait < need.deadline.remaining(at: now) else { throw MintFailure.budgetSpent(retryAfter: wait) }
                limits.requests.take(at: now.boot)
                return wait
            }
        }
        if wait > .zero { try await clock.sleep(for: wait) }
    }

    /// The turns that each endpoint has left, of those that were ever asked.
    package func remaining() -> [URL: Int] {
        let now = clock.now.boot
        return limits.withLock { $0.mapValues { $0.requests.remaining(at: now) } }
    }
}

/// A token source that keeps to the budget.
package struct BudgetedTokenSource: TokenSource {
    private let source: any TokenSource
    private let budget: MintBudget

    package init(_ source: any TokenSource, budget: MintBudget) {
        self.source = source
        self.budget = budget
    }

    package func token(for need: TokenNeed) async throws -> AccessToken {
        try await budget.take(for: need)
        return try await source.token(for: need)
    }
}
