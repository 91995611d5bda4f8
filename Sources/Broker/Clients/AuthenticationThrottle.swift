/// Limits failed authentications: many bring 429, and only some are recorded.
///
/// The limits do not affect a client that authenticates.
struct AuthenticationThrottle: Sendable {
    private let answered: FairLimit<Peer.Origin>
    /// An attacker must not fill the audit log.
    private let recorded: FairLimit<Peer.Origin>

    init(clock: any BrokerClock) {
        answered = FairLimit(rate: 0.5, burst: 30, clock: clock)
        recorded = FairLimit(rate: 0.1, burst: 10, clock: clock)
    }

    /// Counts a failure of a peer, and returns whether the peer is told why. After too many it gets 429.
    func answersFailure(of peer: Peer) -> Bool { answered.take(peer.origin.neighbourhood) }

    /// Counts a refusal of a peer, and returns whether it is recorded.
    func recordsRefusal(of peer: Peer) -> Bool { recorded.take(peer.origin.neighbourhood) }
}
