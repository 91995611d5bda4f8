/// What anybody is shown of a token: its life.
package struct TokenReport: Codable, Sendable {
    package let state: TokenLife.State
    /// From its mint to its expiry, in seconds.
    package let lifetime: Int
    /// Seconds.
    package let expiresIn: Int
    /// Seconds.
    package let refreshAfter: Int

    package init(_ life: TokenLife, at now: Moment) {
        state = life.state(at: now)
        lifetime = Int(life.lifetime.components.seconds)
        expiresIn = max(0, Int(life.remaining(at: now).components.seconds))
        refreshAfter = Int(life.refreshAfter(at: now).components.seconds)
    }
}
