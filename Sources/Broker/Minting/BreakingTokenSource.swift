/// A token source that asks another one unless the endpoint's breaker is open.
package struct BreakingTokenSource: TokenSource {
    private let source: any TokenSource
    private let breaker: MintBreaker

    package init(_ source: any TokenSource, breaker: MintBreaker) {
        self.source = source
        self.breaker = breaker
    }

    package func token(for request: MintRequest) async throws -> AccessToken {
        try await breaker.admit(request)
        do {
            let token = try await source.token(for: request)
            breaker.settle(request.endpoint, .succeeded, of: request.key.id)
            return token
        } catch {
            breaker.settle(
                request.endpoint, (error as? MintFailure)?.breakerOutcome ?? .unknown, of: request.key.id
            )
            throw error
        }
    }
}

extension MintFailure {
    fileprivate var breakerOutcome: MintBreaker.Outcome {
        switch self {
        case .unavailable: .failed
        case .garbled: .garbled
        // It understood, and said no.
        case .keyRefused, .refused: .succeeded
        case .throttled, .secretDamaged, .postponed, .budgetSpent, .unrecordable: .unknown
        }
    }
}
