/// Why a mint did not bring a token.
package enum MintFailure: Error, Equatable, Sendable {
    /// The authorization server does not know the key, or not with this secret (RFC 6749 §5.2 `invalid_client`).
    case keyRefused
    /// The key's secret cannot be opened at rest: it was changed, or sealed under another master key.
    case secretDamaged
    /// It wants fewer requests (RFC 6585 §4).
    case throttled(retryAfter: Duration?)
    /// No answer: a connection error, a timeout, or a status that says to try again.
    case unavailable(String, retryAfter: Duration? = nil)
    /// An answer that is not one: no JSON, no token, no life in it.
    case garbled(String)
    /// An answer that another try would not change.
    case refused(String)
    /// No request was sent: the breaker is open.
    case postponed(Duration)
    /// No request was sent: our own budget has none left before the deadline.
    case budgetSpent(retryAfter: Duration)
    /// The store cannot record the mint, and so no hand-out of the token either.
    case unrecordable

    enum Origin {
        /// The key itself: it is put in quarantine.
        case key
        /// The authorization server, whatever the key.
        case endpoint
        /// What was asked for with this key; others may work.
        case request
        /// The broker, which sent nothing: nobody failed.
        case broker
    }

    var origin: Origin {
        switch self {
        case .keyRefused, .secretDamaged: .key
        case .throttled, .unavailable: .endpoint
        case .garbled, .refused: .request
        case .postponed, .budgetSpent, .unrecordable: .broker
        }
    }

    var isThrottling: Bool { if case .throttled = self { true } else { false } }

    /// Whether another attempt may bring a token.
    var isRetryable: Bool {
        switch self {
        case .throttled, .unavailable, .garbled: true
        case .keyRefused, .secretDamaged, .refused, .postponed, .budgetSpent, .unrecordable: false
        }
    }

    /// Whether a request was sent at all.
    var wasSent: Bool { origin != .broker && self != .secretDamaged }

    /// How long the authorization server wants no request, where it says so; believed up to 60 s.
    var retryAfter: Duration? {
        switch self {
        case .throttled(let wait), .unavailable(_, let wait): wait.map { min($0, .seconds(60)) }
        case .keyRefused, .secretDamaged, .garbled, .refused, .postponed, .budgetSpent, .unrecordable: nil
        }
    }

    /// How long until a request may be sent, where none was.
    var postponement: Duration? {
        switch self {
        case .postponed(let wait), .budgetSpent(let wait): wait
        case .unrecordable: Housekeeping.pause
        case .keyRefused, .secretDamaged, .throttled, .unavailable, .garbled, .refused: nil
        }
    }

    /// The short word that metrics and the audit know the failure by.
    package var outcome: String {
        switch self {
        case .keyRefused: "key_refused"
        case .secretDamaged: "secret_damaged"
        case .throttled: "throttled"
        case .unavailable: "unavailable"
        case .garbled: "garbled"
        case .refused: "refused"
        case .postponed: "postponed"
        case .budgetSpent: "budget_spent"
        case .unrecordable: "unrecordable"
        }
    }
}

extension MintFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .keyRefused: "the authorization server refuses the key: the key ID or the secret is wrong or deleted"
        case .secretDamaged:
            "the key's secret cannot be opened: its record was changed, or sealed under another master key"
        case .throttled: "too many requests to the authorization server"
        case .unavailable(let reason, _): "the authorization server is unavailable: \(reason)"
        case .garbled(let reason): "the authorization server's answer cannot be used: \(reason)"
        case .refused(let reason): "the authorization server refused the request: \(reason)"
        case .postponed(let wait): "the authorization server keeps failing; the next request is sent in \(wait.text)"
        case .unrecordable: "the broker cannot write its database"
        case .budgetSpent: "the broker's own budget of requests to the authorization server is spent"
        }
    }
}
