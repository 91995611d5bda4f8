/// Why a mint did not bring a token.
package enum MintFailure: Error, Equatable, Sendable {
    /// The authorization server does not know the key, or not with this secret (RFC 6749 §5.2 `invalid_client`).
    case keyRefused
    /// It wants fewer requests (RFC 6585 §4).
    case throttled(retryAfter: Duration?)
    /// No answer: a connection error, a timeout, or a status that says to try again.
    case unavailable(String, retryAfter: Duration? = nil)
    /// An answer that is not one: no JSON, no token, no life in it.
    case garbled(String)
    /// An answer that another try would not change.
    case refused(String)
    /// No request was sent: the breaker is open, or the budget is left to those who wait.
    case postponed(Duration)
    /// No request was sent: our own budget has none left before the deadline.
    case budgetSpent(retryAfter: Duration)

    package var isRetryable: Bool {
        switch self {
        case .throttled, .unavailable, .garbled: true
        case .keyRefused, .refused, .postponed, .budgetSpent: false
        }
    }

    /// How long the authorization server wants to be left alone, where it says so.
    var retryAfter: Duration? {
        switch self {
        case .throttled(let retryAfter), .unavailable(_, let retryAfter): retryAfter
        case .keyRefused, .garbled, .refused, .postponed, .budgetSpent: nil
        }
    }

    /// How long to wait before a request is sent at all, where none was: then nobody failed.
    var postponement: Duration? {
        switch self {
        case .postponed(let wait), .budgetSpent(let wait): wait
        case .keyRefused, .throttled, .unavailable, .garbled, .refused: nil
        }
    }

    /// The short word that metrics and the audit know the failure by.
    package var outcome: String {
        switch self {
        case .keyRefused: "key_refused"
        case .throttled: "throttled"
        case .unavailable: "unavailable"
        case .garbled: "garbled"
        case .refused: "refused"
        case .postponed: "postponed"
        case .budgetSpent: "budget_spent"
        }
    }
}

extension MintFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .keyRefused: "the authorization server refuses the key: the key ID or the secret is wrong or deleted"
        case .throttled: "too many requests to the authorization server"
        case .unavailable(let reason, _): "the authorization server is unavailable: \(reason)"
        case .garbled(let reason): "the authorization server's answer cannot be used: \(reason)"
        case .refused(let reason): "the authorization server refused the request: \(reason)"
        case .postponed(let wait): "the authorization server is left alone for \(wait)"
        case .budgetSpent: "the broker's own budget of requests to the authorization server is spent"
        }
    }
}
