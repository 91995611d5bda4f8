/// A mint's failure, which answers everybody who asks within a while after it.
///
/// The while doubles as long as mints keep failing: from 1 s to 30 s, and from 30 s to 5 min when the authorization
/// server refuses the key, which is then in quarantine; ±20 %, so that many failures do not end at once. Never shorter than
/// what the authorization server asks for.
package struct SharedFailure: Sendable {
    let failure: MintFailure
    private let start: Moment
    package let lasts: Duration
    package let consecutive: Int

    init(_ failure: MintFailure, after previous: SharedFailure?, at now: Moment, chance: Double) {
        self.failure = failure
        start = now
        consecutive = (previous?.consecutive ?? 0) + 1
        let (first, last): (Duration, Duration) =
            failure == .keyRefused ? (.seconds(30), .seconds(300)) : (.seconds(1), .seconds(30))
        let doubled = min(last, first * (1 << min(consecutive - 1, 10)))
        lasts = max(doubled * (0.8 + 0.4 * chance), failure.retryAfter ?? .zero)
    }

    package var isQuarantine: Bool { failure == .keyRefused }

    func remaining(at now: Moment) -> Duration {
        lasts - now.elapsed(since: start)
    }
}
