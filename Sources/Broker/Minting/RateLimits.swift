/// A ``RateLimit`` for each key of a kind; those whose bucket is full again are forgotten.
struct RateLimits<Key: Hashable & Sendable>: Sendable {
    /// Permits per second.
    let rate: Double
    let burst: Int
    private var limits = SweptDictionary<Key, RateLimit>()

    init(rate: Double, burst: Int) {
        self.rate = rate
        self.burst = burst
    }

    /// The time until there is a permit; zero if there is one.
    func wait(for key: Key, at now: Duration) -> Duration {
        limits[key]?.wait(at: now) ?? .zero
    }

    /// Takes a permit, now or ahead of time.
    mutating func take(for key: Key, at now: Duration) {
        var limit = limits[key] ?? RateLimit(rate: rate, burst: burst, now: now)
        limit.take(at: now)
        limits.set(limit, for: key) { $0.isFull(at: now) }
    }
}
