import Broker
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Turns whatever is thrown into an answer, and tells the operator of what is nobody's fault but ours.
struct ErrorTranslation: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: ListenerContext, next: (Request, ListenerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            // The connection's rules have answered already.
            throw error
        } catch {
            let refusal = refusal(in: error)
            let dialect: ErrorAnswer.Dialect = request.uri.path.contains("/oauth2/") ? .oauth2 : .http
            let answer = ErrorAnswer(refusal, dialect: dialect, requestID: context.id)
            if answer.status == .internalServerError {
                logger.error("request failed", metadata: ["request_id": "\(context.id)", "error": "\(error)"])
            }
            return Response(
                status: answer.status, headers: answer.fields,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
            )
        }
    }

    private func refusal(in error: any Error) -> any Error {
        switch error {
        case is NIOTooManyBytesError: RequestRefusal.bodyTooLarge
        case let error as HTTPError where error.status == .notFound: RequestRefusal.notFound
        default: error
        }
    }
}
