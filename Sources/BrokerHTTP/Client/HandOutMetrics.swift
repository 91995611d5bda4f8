import Broker
import CoreMetrics

/// Counts requests for tokens by what came of them, and reports of dead tokens.
struct HandOutMetrics: Sendable {
    private let factory: any MetricsFactory
    /// The usual outcome.
    let handedOut: Counter

    init(factory: any MetricsFactory = MetricsSystem.factory) {
        self.factory = factory
        handedOut = Self.counter("handed_out", factory)
    }

    func count(_ handOut: HandOut) {
        if handOut.isDegraded { Self.counter("degraded", factory).increment() } else { handedOut.increment() }
    }

    func count(_ error: any Error) {
        let outcome =
            switch (error as? AuthorizedRequestError)?.error ?? error {
            case let error as BrokerError: error.outcome
            case is RequestRefusal: "invalid_request"
            default: "failed"
            }
        Self.counter(outcome, factory).increment()
    }

    func countReport(of project: ProjectID, _ outcome: String) {
        Counter(
            label: "token_broker_rejected_reports_total",
            dimensions: [("project", project.description), ("outcome", outcome)], factory: factory
        ).increment()
    }

    private static func counter(_ outcome: String, _ factory: any MetricsFactory) -> Counter {
        Counter(label: "token_broker_handouts_total", dimensions: [("outcome", outcome)], factory: factory)
    }
}
