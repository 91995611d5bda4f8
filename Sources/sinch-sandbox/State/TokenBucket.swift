import Foundation

/// A rate limit: so many at once, so many per second after that.
struct TokenBucket {
    let capacity: Double
    let refillPerSecond: Double
    private var level: Double
    private var filledAt: Date

    /// A full bucket.
    init(capacity: Double, refillPerSecond: Double, at now: Date) {
        self.capacity = capacity
        self.refillPerSecond = refillPerSecond
        self.level = capacity
        self.filledAt = now
    }

    /// The bucket in front of the token endpoint, full.
    init(settings: Sandbox.Settings, at now: Date) {
        self.init(
            capacity: Double(settings.bucketCapacity),
            refillPerSecond: settings.bucketRefillPerSecond,
            at: now
        )
    }

    /// Takes one, if there is one.
    mutating func take(at now: Date) -> Bool {
        // A clock that was set back must not drain the bucket.
        let elapsed = max(0, now.timeIntervalSince(filledAt))
        level = min(capacity, level + elapsed * refillPerSecond)
        filledAt = now
        guard level >= 1 else { return false }
        level -= 1
        return true
    }
}
