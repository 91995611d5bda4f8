/// A token source that asks another one up to three times while somebody waits, within the request's deadline.
///
/// A refresh that nobody waits for is not tried again here: it stays in its queue. A mint after a failed one of the
/// same key and scope gets one attempt, so that a failing key does not spend the budget of others.
package struct RetryingTokenSource: TokenSource {
    private static let attempts = 3

    private let source: any TokenSource
    private let clock: any BrokerClock
    private let random: @Sendable () -> Double

    /// - Parameter random: draws from 0..<1.
    package init(_ source: any TokenSource, clock: any BrokerClock, random: @escaping @Sendable () -> Double) {
        self.source = source
        self.clock = clock
        self.random = random
    }

    package func token(for request: MintRequest) async throws -> AccessToken {
        var failures: [MintFailure] = []
        while true {
            do {
                return try await source.token(for: request)
            } catch let failure as MintFailure {
                // Why an attempt failed says more than that no other could be sent.
                if failure.origin == .broker { throw failures.last ?? failure }
                failures.append(failure)
                let pause = pause(after: failure, attempt: failures.count)
                guard failure.isRetryable, request.isUrgent, !request.repeatsFailure, failures.count < Self.attempts,
                    pause < request.deadline.remaining(at: clock.now)
                else { throw failure }
                try await clock.sleep(for: pause)
            }
        }
    }

    /// Full jitter: anything up to a bound that doubles, so that those who failed together do not return together.
    private func pause(after failure: MintFailure, attempt: Int) -> Duration {
        let base: Duration = failure.isThrottling ? .seconds(1) : .milliseconds(100)
        return max(failure.retryAfter ?? .zero, base * (Double(1 << (attempt - 1)) * random()))
    }
}
