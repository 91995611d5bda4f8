import Broker
import Hummingbird
import Logging
import NIOCore

/// Turns whatever is thrown into an answer, and tells the operator of what is nobody's fault but ours.
struct ErrorTranslation: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: ListenerContext, next: (Request, ListenerContext) async throws -> Response
    ) async throws -> Response {
        try await translate(to: .http) { try await next(request, context) }
    }

    func translate(
        to dialect: ErrorAnswer.Dialect, _ respond: () async throws -> Response
    ) async throws -> Response {
        do {
            return try await respond()
        } catch {
            let requestID = RequestID().description
            let answer = ErrorAnswer(refusal(in: error), dialect: dialect, requestID: requestID)
            if answer.status == .internalServerError {
                logger.error("request failed", metadata: ["request_id": "\(requestID)", "error": "\(error)"])
            }
            return Response(
                status: answer.status, headers: answer.fields,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
            )
        }
    }

    private func refusal(in error: any Error) -> any Error {
        if let error = error as? HTTPError, error.status == .notFound { RequestRefusal.notFound } else { error }
    }
}
