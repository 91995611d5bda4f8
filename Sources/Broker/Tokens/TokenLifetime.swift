import Foundation

/// The rules of a token's life, all of them: how long it is, when a refresh is due, and what may still be handed out.
package enum TokenLifetime {
    /// What a token lives when the authorization server does not say.
    package static let unstated: Duration = .seconds(300)
    /// No token is believed to live longer.
    package static let longest: Duration = .seconds(24 * 3600)
    /// A token with less left is not handed out at all: the client still has to use it.
    package static let least: Duration = .seconds(10)

    /// The lifetime, counted from the moment the mint was sent, or `nil` when what is stated is none.
    ///
    /// Zero where the token has expired, or seems to have, by a clock that is wrong.
    ///
    /// - Parameters:
    ///   - stated: `expires_in` in seconds, `nil` when the answer had none (RFC 6749 §5.1 only recommends it).
    ///   - token: read as a JWT where it is one: its `exp` only ever shortens the life.
    package static func accepted(stated: Double?, token: Secret, sentAt: Moment) -> Duration? {
        var lifetime = unstated
        if let stated {
            guard stated.isFinite, stated >= 1 else { return nil }
            lifetime = seconds(stated.rounded(.down))
        }
        if let expiry = JSONWebToken.expiry(of: token) {
            lifetime = min(lifetime, seconds(expiry.timeIntervalSince(sentAt.wall)))
        }
        return lifetime
    }

    /// Cut to what a lifetime can be before it becomes a duration, which holds less than a number can say.
    private static func seconds(_ stated: Double) -> Duration {
        .seconds(max(0, min(stated, longest / .seconds(1))))
    }

    /// When a refresh is due, counted from the mint: at 75 % of the lifetime, ±5 %.
    ///
    /// Of a short lifetime the promise takes up to a half: then at 75 % of what comes before, so that the next token is
    /// there before the promise ends.
    /// - Parameter random: in 0..<1, drawn once per token, so that tokens minted together do not stay together.
    package static func refreshDue(after lifetime: Duration, random: Double) -> Duration {
        let share = 0.70 + 0.10 * random
        let promiseEnds = lifetime - promised(of: lifetime)
        return lifetime * 0.80 <= promiseEnds * 0.95 ? lifetime * share : promiseEnds * share
    }

    /// The most life that a client may ask for, so that no token is minted for it that another has to replace soon.
    package static func mostAsked(of lifetime: Duration) -> Duration {
        max(.zero, min(lifetime * 0.7, lifetime - .seconds(30)))
    }

    /// The life that every token handed out has left while the authorization server works.
    package static func promised(of lifetime: Duration) -> Duration {
        min(.seconds(300), lifetime / 2)
    }
}
