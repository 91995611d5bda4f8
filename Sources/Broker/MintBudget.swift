package import Foundation
import Synchronization

/// How many requests each token endpoint gets from us, whatever our clients do.
///
/// Sinch's gateway is believed to hold a bucket of 30, 10 per second, for everybody behind one address.
package final class MintBudget: Sendable {
    private let rate: Double
    private let burst: Int
    private let clock: any BrokerClock
    /// Guards the endpoints' buckets.
    private let limits = Mutex<[URL: RateLimit]>([:])

    package init(rate: Double, burst: Int, clock: any BrokerClock) {
        self.rate = rate
        self.burst = burst
        self.clock = clock
    }

    /// Takes a turn, and waits for it when somebody is waiting for the token.
    ///
    /// A refresh leaves half of the bucket to waiting callers.
    /// Throws ``MintFailure/throttled(retryAfter:)`` when the turn comes after the deadline.
    func take(for need: TokenNeed) async throws {
        let now = clock.now
        let wait = try limits.withLock { limits in
            let endpoint = need.key.tokenEndpoint
            var limit = limits[endpoint] ?? RateLimit(rate: rate, burst: burst, now: now.boot)
            let wait = limit.wait(leaving: need.urgency == .refresh ? burst / 2 : 0, at: now.boot)
            guard wait < need.deadline.remaining(at: now) else { throw MintFailure.throttled(retryAfter: wait) }
            limit.take(at: now.boot)
            limits[endpoint] = limit
            return wait
        }
        if wait > .zero { try await clock.sleep(for: wait) }
    }

    /// The turns that each endpoint has left, of those that were ever asked.
    package func remaining() -> [URL: Int] {
        let now = clock.now.boot
        return limits.withLock { $0.mapValues { $0.remaining(at: now) } }
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
