import Broker
import Logging
import NIOCore
import NIOHTTP1

/// Answers whatever a listener is asked, by its routes and by the rules that hold for all of them.
struct Responder: Sendable {
    /// The label of requests that no route is for.
    private static let noRoute = "none"

    let routes: Routes
    /// What a request may call us, where that is checked.
    let hosts: HostRule?
    /// Whether there is a page for browsers, which may ask for what belongs to it.
    let hasPage: Bool
    let logger: Logger
    private let durations = RequestDurations()

    init(routes: Routes, hosts: HostRule?, hasPage: Bool, logger: Logger) {
        self.routes = routes
        self.hosts = hosts
        self.hasPage = hasPage
        self.logger = logger
    }

    func answer(_ request: WholeRequest) async -> WholeResponse {
        let begin = NIODeadline.now()
        var dialect = ErrorAnswer.Dialect.http
        var name = Self.noRoute
        var response: WholeResponse
        do {
            try checkSurroundings(of: request.head.headers)
            let (route, values) = try routes.route(of: request)
            dialect = route.dialect
            name = route.template
            response = try await route.answer(request, values)
        } catch {
            response = answer(to: error, dialect)
        }
        let timer = durations.record(NIODeadline.now() - begin, of: name, response.head.status)
        response.cacheable?.duration = timer
        if request.head.method == .HEAD { response.body.clear() }
        return response
    }

    /// Refuses browsers, but for our own page, and requests that mean another host.
    private func checkSurroundings(of fields: HTTPHeaders) throws {
        let sites = fields["Sec-Fetch-Site"]
        let isOwnPage = hasPage && sites.allSatisfy { $0 == "none" || $0 == "same-origin" }
        guard !fields.contains(name: "Origin"), sites.isEmpty || isOwnPage else { throw RequestRefusal.fromBrowser }
        try hosts?.check(fields.first(name: "Host"))
    }

    /// Tells the operator of what is nobody's fault but ours.
    private func answer(to error: any Error, _ dialect: ErrorAnswer.Dialect) -> WholeResponse {
        let requestID = String(UInt64.random(in: .min ... .max), radix: 16)
        let answer = ErrorAnswer(error, dialect: dialect, requestID: requestID)
        if answer.status == .internalServerError {
            logger.error("request failed", metadata: ["request_id": "\(requestID)", "error": "\(error)"])
        }
        return WholeResponse(answer)
    }
}
