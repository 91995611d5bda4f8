/// Limits failed authentications: many bring 429, and only some are recorded.
///
/// The limits do not affect a client that authenticates.
struct AuthenticationThrottle: Sendable {
    struct Verdict {
        let isThrottled: Bool
        let isRecorded: Bool
    }

    private let answered: FairLimit<Peer.Origin>
    /// An attacker must not fill the audit log.
    private let recorded: FairLimit<Peer.Origin>

    init(clock: any BrokerClock) {
        answered = FairLimit(rate: 0.5, burst: 30, clock: clock)
        recorded = FairLimit(rate: 0.1, burst: 10, clock: clock)
    }

    func failure(of peer: Peer) -> Verdict {
        let peer = peer.origin.neighbourhood
        return Verdict(isThrottled: !answered.take(peer), isRecorded: recorded.take(peer))
    }
}
