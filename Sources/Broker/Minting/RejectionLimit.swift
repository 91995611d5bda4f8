import Synchronization

/// Limits the mints that clients cause by saying that a token is dead: one per key in 30 s.
package final class RejectionLimit: Sendable {
    private let clock: any BrokerClock
    /// Guards each key's limit.
    private let limits = Mutex(SweptDictionary<KeyID, RateLimit>())

    package init(clock: any BrokerClock) {
        self.clock = clock
    }

    /// Takes a permit; or returns how long until there is one.
    func take(for key: KeyID) -> Duration? {
        let now = clock.now.boot
        return limits.withLock { limits in
            var limit = limits[key] ?? RateLimit(rate: 1.0 / 30, burst: 1, now: now)
            let wait = limit.wait(at: now)
            if wait > .zero { return wait }
            limit.take(at: now)
            limits.set(limit, for: key) { $0.isFull(at: now) }
            return nil
        }
    }
}
