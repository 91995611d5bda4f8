/// A token source that keeps to the budget.
package struct BudgetedTokenSource: TokenSource {
    private let source: any TokenSource
    private let budget: MintBudget

    package init(_ source: any TokenSource, budget: MintBudget) {
        self.source = source
        self.budget = budget
    }

    package func token(for request: MintRequest) async throws -> AccessToken {
        try await budget.take(for: request)
        do {
            return try await source.token(for: request)
        } catch let failure as MintFailure where !failure.wasSent {
            budget.giveBack(at: request.endpoint)
            throw failure
        }
    }
}
