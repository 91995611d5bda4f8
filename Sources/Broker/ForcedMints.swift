import Synchronization

/// Limits the mints that clients force by saying that a token is dead: one per key in 30 s.
package final class ForcedMints: Sendable {
    private let clock: any BrokerClock
    /// Guards each key's limit, of those that were ever reported.
    private let limits = Mutex<[KeyID: RateLimit]>([:])

    package init(clock: any BrokerClock) {
        self.clock = clock
    }

    /// Takes a turn; or returns how long until there is one.
    func take(for key: KeyID) -> Duration? {
        let now = clock.now.boot
        return limits.withLock { limits in
            var limit = limits[key] ?? RateLimit(rate: 1.0 / 30, burst: 1, now: now)
            let wait = limit.wait(at: now)
            if wait > .zero { return wait }
            limit.take(at: now)
            limits[key] = limit
            return nil
        }
    }
}
