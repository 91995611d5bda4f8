import Synchronization

/// Counts failed authentications by peer: many bring 429, and only some are written down.
final class AuthenticationThrottle: Sendable {
    struct Verdict {
        let isThrottled: Bool
        let isRecorded: Bool
    }

    private struct Failures {
        /// 30 at once, then one every 2 s.
        var answered: RateLimit
        /// 10 at once, then one every 10 s: the audit is no place for an attacker to fill.
        var recorded: RateLimit
    }

    private static let peers = 4096

    private let clock: any BrokerClock
    /// Guards the peers' failures.
    private let failures = Mutex<[Peer: Failures]>([:])

    init(clock: any BrokerClock) {
        self.clock = clock
    }

    func failure(of peer: Peer) -> Verdict {
        let now = clock.now.boot
        return failures.withLock { failures in
            // Whoever comes from this many addresses is not slowed down by remembering each of them.
            if failures.count >= Self.peers { failures.removeAll() }
            var peerFailures =
                failures[peer]
                ?? Failures(
                    answered: RateLimit(rate: 0.5, burst: 30, now: now),
                    recorded: RateLimit(rate: 0.1, burst: 10, now: now)
                )
            defer { failures[peer] = peerFailures }
            let isThrottled = peerFailures.answered.wait(at: now) > .zero
            let isRecorded = peerFailures.recorded.wait(at: now) <= .zero
            if !isThrottled { peerFailures.answered.take(at: now) }
            if isRecorded { peerFailures.recorded.take(at: now) }
            return Verdict(isThrottled: isThrottled, isRecorded: isRecorded)
        }
    }
}
