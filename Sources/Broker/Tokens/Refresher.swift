/// Refreshes the tokens that are due, from one queue, at the pace of the budget.
///
/// A request for a token that is due starts nothing itself: it is answered at once with the token that is there.
package struct Refresher: Sendable {
    /// How long it takes at most until something that has become due is seen.
    private static let longestPause: Duration = .seconds(1)

    private let queue: RefreshQueue
    private let cache: TokenCache
    private let tokens: ProjectTokens
    private let flights: MintFlights
    private let budget: MintBudget
    private let breaker: MintBreaker
    private let saturation: BudgetSaturation
    private let clock: any BrokerClock

    init(
        queue: RefreshQueue, cache: TokenCache, tokens: ProjectTokens, flights: MintFlights, budget: MintBudget,
        breaker: MintBreaker, saturation: BudgetSaturation, clock: any BrokerClock
    ) {
        self.queue = queue
        self.cache = cache
        self.tokens = tokens
        self.flights = flights
        self.budget = budget
        self.breaker = breaker
        self.saturation = saturation
        self.clock = clock
    }

    /// Refreshes until the task is cancelled.
    package func run() async throws {
        while true { try await clock.sleep(for: refreshDue()) }
    }

    /// Starts as many of the refreshes that are due as the budget has permits for.
    ///
    /// - Returns: how long until there may be more to do.
    @discardableResult
    package func refreshDue() -> Duration {
        let now = clock.now
        let changes = queue.advance(to: now)
        let pause = startRefreshes()
        // What is still due now waits for the budget.
        let saturated = saturation.report()
        for change in changes {
            if change.life.remaining(at: now) <= .zero { cache.removeExpired(change.slot) }
            // One problem of the budget, and not one of each project.
            let isDelayed = change.waitsFor.map(saturated.contains) ?? false
            if change.isWanted && !isDelayed { tokens.reportState(after: change.slot) }
        }
        return pause
    }

    private func startRefreshes() -> Duration {
        queue.endpoints.map { endpoint in
            while true {
                if let wait = breaker.wait(of: endpoint) ?? budget.wait(for: .refresh, at: endpoint) { return wait }
                guard let slot = queue.takeFirst(at: endpoint) else { return Self.longestPause }
                refresh(slot)
            }
        }.min().map { min($0, Self.longestPause) } ?? Self.longestPause
    }

    private func refresh(_ slot: TokenSlot) {
        let now = clock.now
        switch tokens.refresh(of: slot) {
        case .notNeeded:
            queue.put(back: slot, .notNeeded, at: now)
        case .blocked(let wait):
            queue.put(back: slot, .again(after: wait), at: now)
        case .needed(let request):
            if let wait = budget.takeNow(for: .refresh, at: request.endpoint) {
                queue.put(back: slot, .again(after: wait), at: now)
                return
            }
            let isStarted = flights.refresh(request) { wait in
                queue.put(back: slot, .again(after: wait), at: clock.now)
            }
            if isStarted { return }
            budget.giveBack(at: request.endpoint)
            queue.put(back: slot, .again(after: Self.longestPause), at: now)
        }
    }
}
