/// A token bucket: holds `burst` permits and gets `rate` new ones per second.
package struct RateLimit: Sendable {
    private let interval: Duration
    private let burst: Int
    /// When the bucket will be full again.
    private var full: Duration

    /// - Parameter now: by the boot clock, as in the other calls.
    package init(rate: Double, burst: Int, now: Duration) {
        interval = .seconds(1 / rate)
        self.burst = burst
        full = now
    }

    /// How long until a permit is there while `reserve` others are left in the bucket.
    package func wait(leaving reserve: Int = 0, at now: Duration) -> Duration {
        max(.zero, full - now - interval * (burst - 1 - reserve))
    }

    /// Takes a permit, now or ahead of time.
    package mutating func take(at now: Duration) {
        full = max(full, now) + interval
    }

    /// Returns a permit that was not used.
    package mutating func giveBack(at now: Duration) {
        full = max(full, now) - interval
    }

    /// Whether no permit is missing.
    package func isFull(at now: Duration) -> Bool { full <= now }

    /// The permits that are there now.
    package func remaining(at now: Duration) -> Int {
        let missing = max(.zero, full - now)
        return max(0, burst - Int((missing / interval).rounded(.up)))
    }
}
