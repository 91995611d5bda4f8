import HTTPTypes
import Hummingbird
import Logging

/// Gives every other error the shape of an API's too.
struct APIErrors<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as APIError {
            throw error
        } catch let error as any HTTPResponseError {
            throw APIError(error.status, "\(request.method) \(request.uri.path): \(error.status.reasonPhrase)")
        } catch let error as CancellationError {
            // The sandbox ends, and nobody waits for this answer.
            throw error
        } catch {
            context.logger.error("unexpected", metadata: ["error": "\(error)"])
            throw APIError(.internalServerError, "Unexpected; the sandbox's log says more.")
        }
    }
}
