/// What came of a report that a token is dead.
package enum Replacement: Sendable, Equatable {
    case replaced
    /// Another token is handed out already.
    case alreadyReplaced
    case tooSoon(retryAfter: Duration)
}
