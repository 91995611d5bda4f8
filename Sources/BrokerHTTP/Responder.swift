import Broker
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
    let log: RequestLog
    private let worker = WorkerThread()
    private let durations = RequestDurations()

    init(routes: Routes, hosts: HostRule?, hasPage: Bool, log: RequestLog) {
        self.routes = routes
        self.hosts = hosts
        self.hasPage = hasPage
        self.log = log
    }

    func answer(_ request: WholeRequest) async -> WholeResponse {
        let begin = NIODeadline.now()
        let id = RequestID.of(request.head.headers)
        var dialect = ErrorAnswer.Dialect.http
        var template: String?
        var response: WholeResponse
        do {
            let found = Result { try routes.route(of: request) }
            if (try? found.get())?.route.isForForwardAuthentication != true {
                try checkSurroundings(of: request.head.headers)
            }
            let (route, values) = try found.get()
            dialect = route.dialect
            template = route.template
            response = try await RequestID.$current.withValue(id) {
                switch route.place {
                case .eventLoop: try await route.answer(request, values)
                case .worker: try await worker.run { try await route.answer(request, values) }
                }
            }
        } catch {
            response = log.answer(to: error, dialect, route: template, as: id)
        }
        let timer = durations.record(NIODeadline.now() - begin, of: template ?? Self.noRoute, response.head.status)
        response.cacheable?.duration = timer
        if request.head.method == .HEAD { response.body.clear() }
        return response
    }

    /// Refuses browsers, but for our own page, and requests that mean another host.
    private func checkSurroundings(of fields: HTTPHeaders) throws {
        let sites = fields["Sec-Fetch-Site"]
        let isOwnPage = hasPage && sites.allSatisfy { $0 == "none" || $0 == "same-origin" }
        guard !fields.contains(name: "Origin") else { throw RequestRefusal.fromBrowser(field: "Origin") }
        guard sites.isEmpty || isOwnPage else { throw RequestRefusal.fromBrowser(field: "Sec-Fetch-Site") }
        try hosts?.check(fields.first(name: "Host"))
    }
}
