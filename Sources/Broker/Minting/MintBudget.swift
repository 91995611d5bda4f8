package import Foundation
import Synchronization

/// How many requests each token endpoint gets from us, whatever our clients do.
///
/// Sinch's gateway is believed to hold a bucket of 30, 10 per second, for everybody behind one address.
package final class MintBudget: Sendable {
    /// Requests per second.
    let rate: Double
    let burst: Int
    private let clock: any BrokerClock
    /// Guards the endpoints' limits.
    private let limits = Mutex(SweptDictionary<URL, RateLimit>())

    package init(rate: Double, burst: Int, clock: any BrokerClock) {
        self.rate = rate
        self.burst = burst
        self.clock = clock
    }

    /// Takes a permit, and waits for it where it takes one ahead of time.
    ///
    /// Throws ``MintFailure/budgetSpent(retryAfter:)`` when the permit would come after the deadline.
    func take(for request: MintRequest) async throws {
        if request.usePermit() { return }
        let now = clock.now
        let wait = try update(request.endpoint, at: now.boot) { limit in
            let wait = limit.wait(at: now.boot)
            guard wait < request.deadline.remaining(at: now) else { throw MintFailure.budgetSpent(retryAfter: wait) }
            limit.take(at: now.boot)
            return wait
        }
        guard wait > .zero else { return }
        if wait > Deadline.request - Deadline.attempt { request.delayByBudget() }
        try await clock.sleep(for: wait)
    }

    /// Returns a permit that was not used.
    func giveBack(at endpoint: URL) {
        let now = clock.now.boot
        update(endpoint, at: now) { $0.giveBack(at: now) }
    }

    /// Takes a permit for a refresh. Half of the bucket is left to waiting callers.
    ///
    /// - Returns: how long until there may be one, if there is none now.
    func takeForRefresh(at endpoint: URL) -> Duration? {
        let now = clock.now.boot
        return update(endpoint, at: now) { limit in
            if let wait = waitForRefresh(limit, at: now) { return wait }
            limit.take(at: now)
            return nil
        }
    }

    /// How long until there may be a permit for a refresh; `nil` when there is one.
    func waitForRefresh(at endpoint: URL) -> Duration? {
        let now = clock.now.boot
        return waitForRefresh(limit(of: endpoint, at: now), at: now)
    }

    /// The permits that an endpoint has left.
    package func remaining(at endpoint: URL) -> Int {
        let now = clock.now.boot
        return limit(of: endpoint, at: now).remaining(at: now)
    }

    private func waitForRefresh(_ limit: RateLimit, at now: Duration) -> Duration? {
        let wait = limit.wait(leaving: burst / 2, at: now)
        return wait > .zero ? wait : nil
    }

    private func limit(of endpoint: URL, at now: Duration) -> RateLimit {
        limits.withLock { $0[endpoint] } ?? RateLimit(rate: rate, burst: burst, now: now)
    }

    private func update<Value: Sendable>(
        _ endpoint: URL, at now: Duration, _ body: (inout RateLimit) throws -> Value
    ) rethrows -> Value {
        try limits.withLock { limits in
            var limit = limits[endpoint] ?? RateLimit(rate: rate, burst: burst, now: now)
            defer { limits.set(limit, for: endpoint) { $0.isFull(at: now) } }
            return try body(&limit)
        }
    }
}
