import NIOHTTP1

/// What a listener answers: every route in one list.
struct Routes: Sendable {
    /// - Parameter values: of the path's parameters, in order, as they came.
    typealias Answer = @Sendable (_ request: WholeRequest, _ values: [Substring]) async throws -> WholeResponse

    /// Where a request is answered.
    enum Place {
        /// On its connection's event loop, until the answer has to wait: for work that is always small.
        case eventLoop
        /// On the listener's ``WorkerThread``: for work that grows with the registry.
        case worker
    }

    struct Route: Sendable {
        let method: HTTPMethod
        /// As it is written here.
        let template: String
        let path: PathTemplate
        let dialect: ErrorAnswer.Dialect
        let place: Place
        let answer: Answer

        init(
            _ method: HTTPMethod, _ path: String, dialect: ErrorAnswer.Dialect = .http, on place: Place = .eventLoop,
            answer: @escaping Answer
        ) {
            self.method = method
            template = path
            self.path = PathTemplate(path)
            self.dialect = dialect
            self.place = place
            self.answer = answer
        }

        /// Whether proxies ask here for the requests of their visitors.
        ///
        /// Some ask with the visitor's method, append the visitor's path, and send the visitor's fields. Such a route answers
        /// every method on its own path and all paths below it, and reads nothing that a visitor may have sent.
        var isForForwardAuthentication: Bool { dialect == .forwardAuthentication }

        /// Who answers GET answers HEAD, without the body (RFC 9110 §9.3.2).
        fileprivate var methods: [HTTPMethod] { method == .GET ? [.GET, .HEAD] : [method] }

        fileprivate func answers(_ method: HTTPMethod) -> Bool {
            isForForwardAuthentication ? method != .CONNECT : methods.contains(method)
        }
    }

    let all: [Route]

    /// The route of a request, and its path's values.
    ///
    /// A path has one spelling, so that the rules of a proxy in front mean what they say. Only a second slash in front is
    /// let through: Sinch's SDKs send it where the address that they are given ends with one.
    ///
    /// Throws ``RequestRefusal``.
    func route(of request: WholeRequest) throws -> (route: Route, values: [Substring]) {
        let path = request.path.dropFirst(request.path.hasPrefix("//") ? 2 : 1)
        let segments = path.isEmpty ? [] : path.split(separator: "/", omittingEmptySubsequences: false)
        var allowed: [HTTPMethod] = []
        for route in all {
            guard let values = route.path.values(in: segments, orBelow: route.isForForwardAuthentication) else {
                continue
            }
            if route.answers(request.head.method) { return (route, values) }
            allowed += route.methods
        }
        guard !allowed.isEmpty else { throw RequestRefusal.notFound(paths: all.map(\.template)) }
        throw RequestRefusal.methodNotAllowed(allow: allowed.map(\.rawValue).joined(separator: ", "))
    }
}

/// A path some of whose segments can be anything, as in `/v1/projects/{projectId}/token`.
struct PathTemplate: Sendable {
    /// `nil` for one that can be anything.
    private let segments: [Substring?]

    init(_ text: String) {
        segments = text.split(separator: "/").map { $0.hasPrefix("{") ? nil : $0 }
    }

    /// The values of the path's parameters; `nil` for another path.
    ///
    /// - Parameter orBelow: whether more segments may follow.
    func values(in path: [Substring], orBelow: Bool) -> [Substring]? {
        guard path.count == segments.count || orBelow && path.count > segments.count else { return nil }
        var values: [Substring] = []
        for (segment, own) in zip(segments, path) {
            guard segment == nil ? !own.isEmpty : segment == own else { return nil }
            if segment == nil { values.append(own) }
        }
        return values
    }
}
