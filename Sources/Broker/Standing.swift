import Foundation

/// A hand-out that has gone the whole way and may be repeated as it is: until the token's refresh is due, or anything
/// that it rests on changes.
package final class Standing: Sendable {
    /// How the hand-out looks from one moment to another.
    package struct Look: Sendable {
        package let handOut: HandOut
        /// When a second in it changes next, by whichever clock is first.
        private let until: Moment

        fileprivate init(_ handOut: HandOut, until: Moment) {
            self.handOut = handOut
            self.until = until
        }

        package func isRight(at now: Moment) -> Bool {
            now.wall >= handOut.at.wall && now.wall < until.wall && now.boot < until.boot
        }
    }

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

    package var now: Moment { clock.now }

    /// Whether everything that the hand-out rests on is as it was. What does not hold any more never will again.
    package var holds: Bool { grounds.allSatisfy(\.holds) }

    /// The hand-out as it is at a moment; `nil` when its time is over, which is for good.
    package func look(at now: Moment) -> Look? {
        guard token.life.state(at: now) == .fresh, token.life.keepsPromise(at: now),
            token.life.remaining(at: now) >= minimumLife, until.map({ now.wall < $0 }) ?? true
        else { return nil }
        let handOut = HandOut(token, of: project, at: now)
        let unchanged = min(
            token.life.lifetime - max(minimumLife, .seconds(handOut.expiresIn)),
            token.life.refreshDue - .seconds(handOut.refreshAfter)
        )
        var until = token.life.start.advanced(by: unchanged)
        // A message says what time it is, to the second.
        let second = Date(timeIntervalSince1970: now.wall.timeIntervalSince1970.rounded(.down) + 1)
        until.wall = min(until.wall, second, self.until ?? .distantFuture)
        return Look(handOut, until: until)
    }

    /// Takes note that it was repeated.
    package func count(at now: Moment) {
        uses.count(at: now.wall)
    }
}
