import Broker
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What a listener answers: every route in one list, and the rules that hold for all of them.
struct Routes: Sendable {
    typealias Answer = @Sendable (Request, ListenerContext) async throws -> Response

    struct Route: Sendable {
        let method: HTTPRequest.Method
        let path: String
        var dialect = ErrorAnswer.Dialect.http
        let answer: Answer
    }

    private static let methods: [HTTPRequest.Method] =
        ["PROPFIND", "SEARCH", "M-SEARCH", "PURGE"].compactMap { .init($0) } + [
            .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
        ]

    let all: [Route]

    /// - Parameter hosts: what a request may call us, where that is checked.
    func responder(hosts: HostRule?, logger: Logger) -> some HTTPResponder<ListenerContext> {
        let router = Router(context: ListenerContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: CommonFields())
        let translation = ErrorTranslation(logger: logger)
        router.add(middleware: translation)
        router.add(middleware: SurroundingRules(hosts: hosts))
        for route in all {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await translation.translate(to: route.dialect) { try await route.answer(request, context) }
            }
        }
        for (path, routes) in Dictionary(grouping: all, by: \.path) {
            var allowed = routes.map(\.method)
            if allowed.contains(.get) { allowed.append(.head) }
            let allow = allowed.map(\.rawValue).joined(separator: ", ")
            for method in Self.methods where !allowed.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    throw RequestRefusal.methodNotAllowed(allow: allow)
                }
            }
        }
        return router.buildResponder()
    }
}

/// Refuses browsers, and requests that mean another host.
private struct SurroundingRules: RouterMiddleware {
    let hosts: HostRule?

    func handle(
        _ request: Request, context: ListenerContext, next: (Request, ListenerContext) async throws -> Response
    ) async throws -> Response {
        guard request.headers[.origin] == nil, request.headers[.secFetchSite] == nil else {
            throw RequestRefusal.fromBrowser
        }
        try hosts?.check(request)
        return try await next(request, context)
    }
}

/// Nothing that is answered here may be kept by anybody on the way.
private struct CommonFields: RouterMiddleware {
    func handle(
        _ request: Request, context: ListenerContext, next: (Request, ListenerContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        for field in HTTPFields.uncached { response.headers[field.name] = field.value }
        return response
    }
}

extension HTTPFields {
    static let uncached: HTTPFields = [.cacheControl: "no-store", .pragma: "no-cache"]
}

extension HTTPField.Name {
    // Both are tokens (RFC 9110 §5.6.2), which is all that the initializer asks for.
    static let pragma = Self("Pragma")!
    static let secFetchSite = Self("Sec-Fetch-Site")!
}

extension Response {
    init(json value: some Encodable, status: HTTPResponse.Status = .ok) throws {
        self.init(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: try ByteBuffer(json: value))
        )
    }
}

extension ByteBuffer {
    init(json value: some Encodable) throws {
        self.init(bytes: try WireJSON.encode(value))
    }
}
