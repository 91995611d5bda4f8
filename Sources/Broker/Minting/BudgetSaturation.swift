import Foundation

/// Reports a token endpoint's budget that is not enough: one problem, before a token in use breaks its promise.
struct BudgetSaturation: Sendable {
    let registry: Registry
    let queue: RefreshQueue
    let budget: MintBudget
    let breaker: MintBreaker
    let health: Health
    let clock: any BrokerClock

    /// Reports each token endpoint whose budget became too small, or is enough again.
    ///
    /// - Returns: The token endpoints whose budget is too small, or was until now.
    func report() -> Set<URL> {
        // A token endpoint that fails is itself the problem.
        registry.endpoints.filter { breaker.wait(of: $0) == nil && health.works(.endpoint($0)) }.filter(report)
    }

    private func report(_ endpoint: URL) -> Bool {
        let backlog = queue.backlog(at: endpoint)
        let isTurningAway = budget.isTurningAway(at: endpoint)
        let wasTooSmall = !health.works(.budget(endpoint))
        guard backlog != nil || isTurningAway || wasTooSmall else { return false }
        let now = clock.now.boot
        let due = backlog?.count ?? 0
        let end = now + .seconds(Double(due) / budget.rate)
        if isTurningAway || backlog.map({ $0.firstPromiseEnds < now || $0.lastPromiseEnds < end }) ?? false {
            let waiting = budget.waiting(at: endpoint)
            let seconds = Int((Double(due + waiting) / budget.rate).rounded(.up))
            health.report(
                .budget(endpoint), is: .saturated,
                because: "refreshes due: \(due), callers waiting: \(waiting); at \(budget.rate.formatted()) requests "
                    + "per second they take \(seconds) s"
            )
            return true
        }
        if backlog.map({ end <= $0.firstPromiseEnds }) ?? true { health.reportWorking(.budget(endpoint)) }
        return wasTooSmall
    }
}
