/// A token source that asks another one up to three times, within the need's deadline.
package struct RetryingTokenSource: TokenSource {
    private let source: any TokenSource
    private let clock: any BrokerClock
    private let chance: @Sendable () -> Double

    /// - Parameter chance: draws from 0..<1.
    package init(_ source: any TokenSource, clock: any BrokerClock, chance: @escaping @Sendable () -> Double) {
        self.source = source
        self.clock = clock
        self.chance = chance
    }

    package func token(for need: TokenNeed) async throws -> AccessToken {
        for attempt in 0..<2 {
            do {
                return try await source.token(for: need)
            } catch let failure as MintFailure where failure.isRetryable {
                let pause = pause(after: failure, attempt: attempt)
                guard pause < need.deadline.remaining(at: clock.now) else { throw failure }
                try await clock.sleep(for: pause)
            }
        }
        return try await source.token(for: need)
    }

    /// Full jitter: anything up to a bound that doubles, so that those who failed together do not return together.
    private func pause(after failure: MintFailure, attempt: Int) -> Duration {
        let base: Duration = if case .throttled = failure { .seconds(1) } else { .milliseconds(100) }
        return max(failure.retryAfter ?? .zero, base * (Double(1 << attempt) * chance()))
    }
}
