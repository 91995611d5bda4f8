import NIOHTTP1

/// What the operations listener answers: health. Nothing secret, nothing that changes state.
package struct OperationsRoutes: Sendable {
    private let readiness: Readiness

    package init(readiness: Readiness) {
        self.readiness = readiness
    }

    private struct Live: Encodable {
        let status = "live"
    }

    private struct Ready: Encodable {
        let status: String
        let checks: Readiness.Checks
    }

    var routes: Routes {
        Routes(all: [
            .init(.GET, "/health/live") { _, _ in try WholeResponse(json: Live()) },
            .init(.GET, "/health/ready") { _, _ in
                let checks = readiness.checks
                return try WholeResponse(
                    checks.allPass ? .ok : .serviceUnavailable,
                    json: Ready(status: checks.allPass ? "ready" : "not_ready", checks: checks)
                )
            },
        ])
    }
}
