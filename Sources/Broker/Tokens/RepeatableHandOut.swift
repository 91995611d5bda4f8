import Foundation

/// A hand-out that has gone the whole way and may be repeated as it is: until the token's refresh is due, or anything
/// that it rests on changes.
package struct RepeatableHandOut: Sendable {
    private let token: AccessToken
    private let project: ProjectID
    /// How old the token may become.
    private let oldest: Duration
    private let validities: [Validity]
    /// When the client's secret or certificate expires.
    private let until: Date?
    /// The key's, the client's, and the client secret's where one was shown.
    private let uses: [Use]
    private let log: UseLog
    private let clock: any BrokerClock

    init(
        _ token: AccessToken, of project: ProjectID, minimumLife: Duration, validities: [Validity], until: Date?,
        uses: [Use], log: UseLog, clock: any BrokerClock
    ) {
        self.token = token
        self.project = project
        let life = token.life
        oldest = min(life.refreshDue, life.lifetime - max(minimumLife, TokenLifetime.promised(of: life.lifetime)))
        self.validities = validities
        self.until = until
        self.uses = uses
        self.log = log
        self.clock = clock
    }

    func isValid(at now: Moment) -> Bool {
        validities.allSatisfy(\.isValid) && age(at: now) < oldest
            && until.map { now.wall < $0 } ?? true
    }

    /// Whether it may be repeated now; once it may not, it never may.
    package var isValid: Bool { isValid(at: clock.now) }

    /// Counts the hand-out once more.
    ///
    /// - Returns: when it happens; `nil` when it is not valid any more, which is for good.
    package func repeated() -> Moment? {
        let now = clock.now
        guard isValid(at: now) else { return nil }
        for use in uses { log.note(use, at: now.wall) }
        return now
    }

    /// How old the token is at a moment.
    package func age(at now: Moment) -> Duration { now.elapsed(since: token.life.start) }

    /// The hand-out as it is when it happens at a moment.
    package func handOut(at now: Moment) -> HandOut {
        HandOut(token, of: project, at: now, repeatable: self)
    }
}
