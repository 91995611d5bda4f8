import Synchronization

/// Counts failed authentications, by peer and in all: many bring 429, and only some are written down.
///
/// The limits in all are for those who have many addresses. They hurt nobody who authenticates.
final class AuthenticationThrottle: Sendable {
    struct Verdict {
        let isThrottled: Bool
        let isRecorded: Bool
    }

    private struct Failures {
        var answered: RateLimit
        /// The audit is no place for an attacker to fill.
        var recorded: RateLimit

        /// 30 answers at once, then one every 2 s; 10 records at once, then one every 10 s.
        static func ofPeer(at now: Duration) -> Self {
            Self(
                answered: RateLimit(rate: 0.5, burst: 30, now: now), recorded: RateLimit(rate: 0.1, burst: 10, now: now)
            )
        }

        /// Ten times as many.
        static func inAll(at now: Duration) -> Self {
            Self(
                answered: RateLimit(rate: 5, burst: 300, now: now), recorded: RateLimit(rate: 1, burst: 100, now: now)
            )
        }
    }

    private struct State {
        var ofPeers: [Peer.Origin: Failures] = [:]
        var inAll: Failures
    }

    private static let peers = 4096

    private let clock: any BrokerClock
    /// Guards the failures.
    private let state: Mutex<State>

    init(clock: any BrokerClock) {
        self.clock = clock
        state = Mutex(State(inAll: .inAll(at: clock.now.boot)))
    }

    func failure(of peer: Peer) -> Verdict {
        let now = clock.now.boot
        let peer = peer.origin.neighbourhood
        return state.withLock { state in
            // Whoever comes from this many networks is slowed down by the limits in all.
            if state.ofPeers.count >= Self.peers { state.ofPeers.removeAll() }
            var ofPeer = state.ofPeers[peer] ?? .ofPeer(at: now)
            defer { state.ofPeers[peer] = ofPeer }
            return Verdict(
                isThrottled: !Self.take(&ofPeer.answered, &state.inAll.answered, at: now),
                isRecorded: Self.take(&ofPeer.recorded, &state.inAll.recorded, at: now)
            )
        }
    }

    /// Takes a permit of both, or none.
    private static func take(_ one: inout RateLimit, _ other: inout RateLimit, at now: Duration) -> Bool {
        guard one.wait(at: now) <= .zero, other.wait(at: now) <= .zero else { return false }
        one.take(at: now)
        other.take(at: now)
        return true
    }
}
