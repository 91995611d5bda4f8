package import Foundation
import Futures
import Synchronization

/// The requests that the broker may send to each token endpoint, whatever its clients do.
///
/// Sinch's gateway is believed to hold a bucket of 30, 10 per second, for everybody behind one address. Clients share the
/// budget fairly (see ``MintQueue``). Refreshes leave half of the bucket to waiting callers, and replacements of rejected
/// tokens leave three quarters.
package final class MintBudget: Sendable {
    private struct Endpoint {
        var limit: RateLimit
        var queue = MintQueue()
        /// When a mint was turned away last, by the boot clock.
        var turnedAway: Duration?

        func isSettled(at now: Duration) -> Bool { queue.isEmpty && limit.isFull(at: now) }
    }

    /// The maximum length of an endpoint's queue.
    private static let mostWaiting = 1000
    /// The time for which a mint that was turned away counts.
    private static let turnedAwayMemory: Duration = .seconds(60)

    /// Requests per second.
    let rate: Double
    let burst: Int
    private let clock: any BrokerClock
    /// Guards each endpoint's permits, and who waits for them.
    private let endpoints = Mutex(SweptDictionary<URL, Endpoint>())

    package init(rate: Double, burst: Int, clock: any BrokerClock) {
        self.rate = rate
        self.burst = burst
        self.clock = clock
    }

    /// Takes a permit, or waits for one in the queue.
    ///
    /// - Throws: ``MintFailure/budgetSpent(retryAfter:)`` if there are too many mints to get a permit before the deadline.
    func take(for request: MintRequest) async throws {
        if request.usePermit() { return }
        if request.purpose == .replacement {
            guard let wait = takeNow(for: .replacement, at: request.endpoint) else { return }
            throw MintFailure.budgetSpent(retryAfter: wait)
        }
        guard let entry = enqueue(request) else { return }
        let start = clock.now
        request.setDelayedByBudget(true)
        try await entry.permit.value()
        let now = clock.now
        // A caller that gave up during the attempt gave up on the token endpoint, not on the budget.
        if now.elapsed(since: start) <= Deadline.request - Deadline.attempt { request.setDelayedByBudget(false) }
    }

    /// Takes a permit, or enters the mint into the queue.
    ///
    /// - Returns: the mint's entry in the queue; `nil` if it has a permit.
    private func enqueue(_ request: MintRequest) -> MintQueue.Entry? {
        let now = clock.now
        let (entry, wait, turnedAway) = update(request.endpoint, at: now.boot) {
            endpoint -> (MintQueue.Entry?, Duration, MintQueue.Entry?) in
            let wait = endpoint.limit.wait(at: now.boot)
            guard wait > .zero else {
                endpoint.limit.take(at: now.boot)
                return (nil, wait, nil)
            }
            let entry = endpoint.queue.append(request)
            // As many mints wait as permits come in time.
            guard wait < request.deadline.remaining(at: now), endpoint.queue.count <= Self.mostWaiting else {
                endpoint.turnedAway = now.boot
                return (entry, wait, endpoint.queue.popLast())
            }
            endpoint.limit.take(at: now.boot)
            return (entry, wait, nil)
        }
        if let turnedAway {
            turnedAway.permit.complete(with: .failure(MintFailure.budgetSpent(retryAfter: wait)))
        } else if entry != nil {
            // Unstructured: the permit may go to another mint, whose turn it is by then. Nobody cancels the task, so that
            // the sleep does not fail.
            Task {
                try? await clock.sleep(for: wait)
                hand(permitAt: request.endpoint)
            }
        }
        return entry
    }

    /// Hands a permit to the mint whose turn it is.
    private func hand(permitAt endpoint: URL) {
        let now = clock.now
        var late: [MintQueue.Entry] = []
        let next = update(endpoint, at: now.boot) { endpoint -> MintQueue.Entry? in
            while let entry = endpoint.queue.popFirst() {
                if entry.request.deadline.remaining(at: now) > .zero { return entry }
                endpoint.turnedAway = now.boot
                late.append(entry)
            }
            // Nobody waits for the token any more, but the next one who asks gets it.
            if !late.isEmpty { return late.removeFirst() }
            endpoint.limit.giveBack(at: now.boot)
            return nil
        }
        next?.permit.complete(with: .success(()))
        for entry in late {
            entry.permit.complete(with: .failure(MintFailure.budgetSpent(retryAfter: .seconds(1))))
        }
    }

    /// Returns a permit that was not used.
    func giveBack(at endpoint: URL) {
        let now = clock.now.boot
        update(endpoint, at: now) { $0.limit.giveBack(at: now) }
    }

    /// Takes a permit if the bucket has more than the purpose leaves to others.
    ///
    /// - Returns: `nil` if the permit was taken; otherwise the time to wait before asking again.
    func takeNow(for purpose: MintRequest.Purpose, at endpoint: URL) -> Duration? {
        let now = clock.now.boot
        return update(endpoint, at: now) { endpoint in
            if let wait = wait(for: purpose, endpoint.limit, at: now) { return wait }
            endpoint.limit.take(at: now)
            return nil
        }
    }

    /// The time until ``takeNow(for:at:)`` may take a permit; `nil` if it can now.
    func wait(for purpose: MintRequest.Purpose, at endpoint: URL) -> Duration? {
        let now = clock.now.boot
        return wait(for: purpose, limit(of: endpoint, at: now), at: now)
    }

    /// The permits that an endpoint has left.
    package func remaining(at endpoint: URL) -> Int {
        let now = clock.now.boot
        return limit(of: endpoint, at: now).remaining(at: now)
    }

    /// The number of mints that wait for a permit.
    func waiting(at endpoint: URL) -> Int { endpoints.withLock { $0[endpoint]?.queue.count } ?? 0 }

    /// Whether a mint got no permit in time within the last minute.
    func isTurningAway(at endpoint: URL) -> Bool {
        let now = clock.now.boot
        let turnedAway = endpoints.withLock { $0[endpoint]?.turnedAway }
        return turnedAway.map { now - $0 < Self.turnedAwayMemory } ?? false
    }

    private func wait(for purpose: MintRequest.Purpose, _ limit: RateLimit, at now: Duration) -> Duration? {
        let wait = limit.wait(leaving: reserve(of: purpose), at: now)
        return wait > .zero ? wait : nil
    }

    /// The number of permits in the bucket that a purpose leaves to others.
    private func reserve(of purpose: MintRequest.Purpose) -> Int {
        switch purpose {
        case .caller, .verification: 0
        case .refresh: burst / 2
        case .replacement: burst * 3 / 4
        }
    }

    private func limit(of endpoint: URL, at now: Duration) -> RateLimit {
        endpoints.withLock { $0[endpoint]?.limit } ?? RateLimit(rate: rate, burst: burst, now: now)
    }

    private func update<Value: Sendable>(
        _ url: URL, at now: Duration, _ body: (inout Endpoint) -> Value
    ) -> Value {
        endpoints.withLock { endpoints in
            var endpoint = endpoints[url] ?? Endpoint(limit: RateLimit(rate: rate, burst: burst, now: now))
            endpoints.remove(url)
            defer { endpoints.set(endpoint, for: url) { $0.isSettled(at: now) } }
            return body(&endpoint)
        }
    }
}
