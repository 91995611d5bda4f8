/// A token's life: from the moment its mint was sent to its expiry.
package struct TokenLife: Sendable, Hashable {
    /// When the mint was sent, from which everything counts.
    package let start: Moment
    package let lifetime: Duration
    /// Counted from `start`, drawn once.
    package let refreshDue: Duration

    package init(start: Moment, lifetime: Duration, refreshDue: Duration) {
        self.start = start
        self.lifetime = lifetime
        self.refreshDue = refreshDue
    }

    package enum State: String, Sendable, Codable {
        case fresh
        case refreshDue = "refresh_due"
        case expired
    }

    package func remaining(at now: Moment) -> Duration {
        lifetime - now.elapsed(since: start)
    }

    package func state(at now: Moment) -> State {
        if remaining(at: now) <= .zero { return .expired }
        return now.elapsed(since: start) < refreshDue ? .fresh : .refreshDue
    }

    /// What is left until a refresh is due; never negative.
    package func refreshAfter(at now: Moment) -> Duration {
        max(.zero, refreshDue - now.elapsed(since: start))
    }

    /// When the promise ends, by the boot clock.
    var promiseEnds: Duration { start.boot + lifetime - TokenLifetime.promised(of: lifetime) }

    /// What is left until the promise ends; negative when it has.
    func promiseEndsAfter(at now: Moment) -> Duration {
        remaining(at: now) - TokenLifetime.promised(of: lifetime)
    }

    /// Whether what is left is what we promise while the authorization server works.
    package func keepsPromise(at now: Moment) -> Bool { promiseEndsAfter(at: now) >= .zero }

    /// Whether a client can still use what is left.
    package func isUsable(at now: Moment) -> Bool { remaining(at: now) >= leastUsable }

    /// What is left until the refresh is due, the promise ends, it cannot be used any more, or it expires, whichever is
    /// next; not positive when it has expired.
    func nextChange(at now: Moment) -> Duration {
        let remaining = remaining(at: now)
        var next = remaining
        for change in [refreshAfter(at: now), promiseEndsAfter(at: now), remaining - leastUsable] where change > .zero {
            next = min(next, change)
        }
        return next
    }

    private var leastUsable: Duration { min(TokenLifetime.least, lifetime / 2) }
}
