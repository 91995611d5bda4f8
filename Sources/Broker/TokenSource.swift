package import Foundation

/// Anything that can return an access token.
///
/// What a token goes through on its way is stacked from these: remembering, recording, retrying, keeping to the budget,
/// minting.
package protocol TokenSource: Sendable {
    /// Returns a token that is fresh now. Safe to call from many tasks at once.
    ///
    /// Throws a ``MintFailure`` when the authorization server does not give one before the need's deadline.
    func token(for need: TokenNeed) async throws -> AccessToken
}

/// A token that is needed: with which key, from where, for which scope, how urgently and until when.
package struct TokenNeed: Sendable {
    package enum Urgency: Sendable {
        /// Somebody is waiting.
        case caller
        /// Nobody is waiting yet.
        case refresh
    }

    package let key: AccessKey
    package let endpoint: URL
    package let scope: Scope
    package let urgency: Urgency
    /// The life that a token must have left to do for it.
    package let minimumLife: Duration
    package let deadline: Deadline

    package init(
        key: AccessKey, endpoint: URL, scope: Scope, urgency: Urgency, minimumLife: Duration = .zero,
        deadline: Deadline
    ) {
        self.key = key
        self.endpoint = endpoint
        self.scope = scope
        self.urgency = urgency
        self.minimumLife = minimumLife
        self.deadline = deadline
    }

    package var slot: TokenSlot { key.slot(for: scope) }
}

/// A moment after which nobody waits any more.
package struct Deadline: Sendable {
    /// A cold mint with its retries; any answer is to arrive within 8 s (Sinch's Python SDK gives up at 10).
    package static let mint: Duration = .milliseconds(7_500)

    private let start: Moment
    private let allowed: Duration

    package init(after allowed: Duration, from start: Moment) {
        self.start = start
        self.allowed = allowed
    }

    /// What is left; negative when it has passed.
    package func remaining(at now: Moment) -> Duration {
        allowed - now.elapsed(since: start)
    }
}
