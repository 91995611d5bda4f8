import CoreMetrics

/// Counts the mints by how they ended, and times the requests to token endpoints.
struct MintMetrics: Sendable {
    private let factory: any MetricsFactory
    private let duration: Timer

    /// - Parameter factory: what makes the counters, one for each project and outcome.
    init(factory: any MetricsFactory = MetricsSystem.factory) {
        self.factory = factory
        duration = Timer(label: "token_broker_mint_duration_seconds", factory: factory)
    }

    func count(_ request: MintRequest, _ outcome: String) {
        Counter(
            label: "token_broker_mints_total",
            dimensions: [("project", request.key.project.description), ("outcome", outcome)], factory: factory
        ).increment()
    }

    func record(_ elapsed: Duration) {
        duration.recordNanoseconds(Int64(elapsed / .nanoseconds(1)))
    }
}
