import Hummingbird

/// Lets only those pass who may use the API of the project in the path.
struct ProjectAuthorization<Context: RequestContext>: RouterMiddleware {
    let sandbox: Sandbox

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let projectID = try context.parameters.decoded("projectId")
        try sandbox.authorize(Authorization(request.headers[.authorization]), toProject: projectID)
        return try await next(request, context)
    }
}
