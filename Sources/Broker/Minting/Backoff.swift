/// How long to wait after a failure: longer while one follows the other, ±20 %, so that what failed together does not
/// return together.
struct Backoff: Sendable {
    /// A wait that doubles from the first to the longest.
    struct Schedule: Sendable {
        let first: Duration
        let longest: Duration

        /// After a mint that failed, and before the probe of an endpoint that keeps failing.
        static let failure = Schedule(first: .seconds(1), longest: .seconds(10))
        /// After a mint that failed because of its key.
        static let quarantine = Schedule(first: .seconds(30), longest: .seconds(300))
    }

    private let schedule: Schedule
    private let start: Moment
    private let wait: Duration
    private let failures: Int

    /// - Parameters:
    ///   - previous: the backoff after the failure that came before, where one did.
    ///   - least: what the authorization server asks for.
    ///   - random: drawn from 0..<1.
    init(
        _ schedule: Schedule, after previous: Backoff? = nil, atLeast least: Duration = .zero, at now: Moment,
        random: Double
    ) {
        self.schedule = schedule
        start = now
        failures = (previous?.failures ?? 0) + 1
        // Further doublings change nothing, and must not overflow.
        let doubled = min(schedule.longest, schedule.first * (1 << min(failures - 1, 10)))
        wait = max(doubled * (0.8 + 0.4 * random), least)
    }

    /// What is left of the wait; not positive when it is over.
    func remaining(at now: Moment) -> Duration {
        wait - now.elapsed(since: start)
    }

    /// Whether the wait has been over for so long that the next failure has nothing to do with this one.
    func isForgotten(at now: Moment) -> Bool {
        remaining(at: now) + schedule.longest * 10 < .zero
    }
}
