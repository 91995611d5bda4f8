import Hummingbird

/// Counts the requests with an `Authorization` field that reach a listener, wherever they are for.
struct AuthorizationCount<Context: RequestContext>: RouterMiddleware {
    let sandbox: Sandbox
    let listener: Scheme

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if request.headers[.authorization] != nil {
            sandbox.countAuthorization(at: listener)
        }
        return try await next(request, context)
    }
}
