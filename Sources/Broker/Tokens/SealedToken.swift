import Foundation

/// A token at rest.
package struct SealedToken: Sendable {
    package let slot: TokenSlot
    package let life: TokenLife
    package let sealed: Sealed

    package init(slot: TokenSlot, life: TokenLife, sealed: Sealed) {
        self.slot = slot
        self.life = life
        self.sealed = sealed
    }

    init(_ token: AccessToken, sealer: any Sealer) throws {
        self.init(
            slot: token.slot, life: token.life, sealed: try sealer.seal(token.value, in: .token(token.slot))
        )
    }

    /// The token as this process knows it: an earlier one's boot clock means nothing to it.
    ///
    /// `nil` when the token has expired, or when the wall clock stands before the mint: it was set back, nobody knows
    /// how far, and the token may have expired.
    func resumed(at now: Moment) -> SealedToken? {
        let age = now.wall.timeIntervalSince(life.start.wall)
        let start = Moment(wall: life.start.wall, boot: now.boot - .seconds(age))
        let life = TokenLife(start: start, lifetime: life.lifetime, refreshDue: life.refreshDue)
        guard age >= 0, life.remaining(at: now) > .zero else { return nil }
        return SealedToken(slot: slot, life: life, sealed: sealed)
    }

    func opened(by sealer: any Sealer) throws -> AccessToken {
        let value = try sealer.open(sealed, from: .token(slot))
        return AccessToken(value: value, digest: sealer.digest(of: value), slot: slot, life: life)
    }
}
