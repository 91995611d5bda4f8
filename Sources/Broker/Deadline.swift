/// A moment after which nobody waits any more.
package struct Deadline: Sendable {
    /// Any answer to a client is to arrive within 8 s (Sinch's Python SDK gives up at 10).
    package static let request: Duration = .milliseconds(7_800)
    /// No attempt of a mint starts later than this after the mint.
    package static let mint: Duration = .milliseconds(7_500)

    /// One attempt of a mint, from the connection to the last byte.
    package static let attempt: Duration = .seconds(5)

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

/// Thrown to whoever waited until its deadline.
package struct DeadlinePassed: Error, CustomStringConvertible {
    package var description: String { "not done before the request's deadline" }
}
