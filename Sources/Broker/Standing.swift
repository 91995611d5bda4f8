import Foundation

/// A hand-out that has gone the whole way and may be repeated as it is: until the token's refresh is due, or anything
/// that it rests on changes.
package struct Standing: Sendable {
    private let token: AccessToken
    private let project: ProjectID
    private let minimumLife: Duration
    private let grounds: [Ground]
    /// When one of the client's secrets expires.
    private let until: Date?
    private let uses: HandOutCount
    private let clock: any BrokerClock

    init(
        _ handOut: HandOut, minimumLife: Duration, grounds: [Ground], until: Date?, uses: HandOutCount,
        clock: any BrokerClock
    ) {
        token = handOut.token
        project = handOut.project
        self.minimumLife = minimumLife
        self.grounds = grounds
        self.until = until
        self.uses = uses
        self.clock = clock
    }

    func holds(at now: Moment) -> Bool {
        grounds.allSatisfy(\.holds) && token.life.state(at: now) == .fresh && token.life.keepsPromise(at: now)
            && token.life.remaining(at: now) >= minimumLife && until.map { now.wall < $0 } ?? true
    }

    /// The hand-out once more, counted as one; `nil` when it does not stand any more, which is for good.
    package func repeated() -> HandOut? {
        let now = clock.now
        guard holds(at: now) else { return nil }
        uses.count(at: now.wall)
        return HandOut(token, of: project, at: now)
    }
}
