package import Broker
import NIOCore
import NIOHTTP1

/// What the operations listener answers: health, metrics, the status and its page. Nothing secret, nothing that changes state.
package struct OperationsRoutes: Sendable {
    /// The metrics as text, in OpenMetrics where that is wanted.
    package typealias Metrics = @Sendable (_ asOpenMetrics: Bool) -> (mediaType: String, text: [UInt8])

    private let core: BrokerCore
    private let readiness: Readiness
    private let serving: @Sendable () -> ServingReport
    private let metrics: Metrics
    private let page = StatusPage()

    /// - Parameter serving: reports how this process serves.
    package init(
        core: BrokerCore, readiness: Readiness, serving: @escaping @Sendable () -> ServingReport,
        metrics: @escaping Metrics
    ) {
        self.core = core
        self.readiness = readiness
        self.serving = serving
        self.metrics = metrics
    }

    private struct Live: Encodable {
        let status = "live"
    }

    private struct Ready: Encodable {
        let status: String
        let checks: Readiness.Checks
        /// As many as `status` has.
        let problemCount: Int
        /// For people: a broker whose token endpoint or database fails is ready as long as it has tokens to hand out.
        let problems: [StatusReport.Problem]
    }

    var routes: Routes {
        Routes(all: [
            .init(.GET, "/health/live") { _, _ in try WholeResponse(json: Live()) },
            .init(.GET, "/health/ready") { _, _ in
                let checks = readiness.checks
                let isReady = readiness.isReady(by: checks)
                let (count, problems) = core.health.summary
                return try WholeResponse(
                    isReady ? .ok : .serviceUnavailable,
                    json: Ready(
                        status: isReady ? "ready" : "not_ready", checks: checks,
                        problemCount: count, problems: problems
                    )
                )
            },
            .init(.GET, "/metrics", on: .worker) { request, _ in metrics(request) },
            .init(.GET, "/status.json", on: .worker) { request, _ in
                try WholeResponse(json: await status(request).report)
            },
            .init(.GET, "/", on: .worker) { request, _ in
                let (report, search) = try await status(request)
                return page.response(report, search: search)
            },
        ])
    }

    /// What `status` says: `?search=TEXT` of the projects and clients, `?after=PROJECT&limit=NUMBER` of the projects.
    private func status(_ request: WholeRequest) async throws -> (report: StatusReport.Reply, search: String) {
        let query = try FormFields(request.query.utf8)
        let search = query["search"] ?? ""
        let report = StatusReport(try query.page(usualLimit: StatusReport.usualLimit), search: search)
        return (try await report.perform(by: Administrator(core, for: .broker, serving: serving)), search)
    }

    private func metrics(_ request: WholeRequest) -> WholeResponse {
        let (type, text) = metrics(Accept.prefersOpenMetrics(request.head.headers.first(name: "Accept")))
        return WholeResponse(type: type, body: ByteBuffer(bytes: text))
    }
}
