import HTTPTypes
import Hummingbird

/// What an API refuses, in the shape of Elastic SIP Trunking's errors.
struct APIError: HTTPResponseError {
    let status: HTTPResponse.Status
    let message: String
    private var challenge: String?

    init(_ status: HTTPResponse.Status, _ message: String) {
        self.status = status
        self.message = message
    }

    static func unauthorized(challenge: String) -> APIError {
        var error = APIError(.unauthorized, "Request had invalid credentials.")
        error.challenge = challenge
        return error
    }

    /// The challenge that Spring's resource servers send with a token that they do not take.
    static func unauthorized(_ refusal: TokenRefusal) -> APIError {
        .unauthorized(
            challenge: """
                Bearer error="invalid_token", error_description="\(refusal.description)", \
                error_uri="https://tools.ietf.org/html/rfc6750#section-3.1"
                """
        )
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        let headers: HTTPFields = challenge.map { [.challenge: $0] } ?? [:]
        let body = Body(code: status.code, status: name, message: message, details: [])
        return try .json(body, status: status, headers: headers)
    }

    private struct Body: Encodable {
        let code: Int
        let status: String
        let message: String
        let details: [String]
    }

    private var name: String {
        switch status {
        case .unauthorized: "UNAUTHENTICATED"
        case .forbidden: "PERMISSION_DENIED"
        case .notFound: "NOT_FOUND"
        case .conflict: "ALREADY_EXISTS"
        case .tooManyRequests: "RESOURCE_EXHAUSTED"
        default: status.kind == .clientError ? "INVALID_ARGUMENT" : "INTERNAL"
        }
    }
}
