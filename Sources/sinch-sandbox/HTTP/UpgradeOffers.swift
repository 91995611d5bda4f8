import Hummingbird

/// Ends the connection after an answer to an offer to upgrade, as Java's HttpClient makes: NIO reads no request behind it.
struct UpgradeOffers<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if request.headers[.upgrade] != nil {
            response.headers[.connection] = "close"
        }
        return response
    }
}
