import HTTPTypes
import Hummingbird

/// What the token endpoint refuses, in the words of ory/fosite, the library that Hydra answers with.
enum TokenEndpointError: Error {
    /// Unknown key or wrong secret: one and the same answer.
    case invalidClient
    /// The right key, authenticated in the form instead of with Basic.
    case invalidClientMethod
    case invalidRequest(hint: String)
    case invalidScope(String)

    var response: Response {
        get throws {
            let body = Body(error: code, errorDescription: description.replacing("\"", with: "'"))
            // Hydra sends no WWW-Authenticate, RFC 6749 §5.2 notwithstanding.
            return try .tokenEndpoint(body, status: status)
        }
    }

    private struct Body: Encodable {
        let error: String
        let errorDescription: String

        enum CodingKeys: String, CodingKey {
            case error
            case errorDescription = "error_description"
        }
    }

    private var status: HTTPResponse.Status {
        switch self {
        case .invalidClient, .invalidClientMethod: .unauthorized
        case .invalidRequest, .invalidScope: .badRequest
        }
    }

    private var code: String {
        switch self {
        case .invalidClient, .invalidClientMethod: "invalid_client"
        case .invalidRequest: "invalid_request"
        case .invalidScope: "invalid_scope"
        }
    }

    private var description: String {
        switch self {
        case .invalidClient:
            """
            Client authentication failed (e.g., unknown client, no client authentication included, or unsupported \
            authentication method).
            """
        case .invalidClientMethod:
            """
            \(TokenEndpointError.invalidClient.description) The OAuth 2.0 Client supports client authentication \
            method 'client_secret_basic', but method 'client_secret_post' was requested. You must configure the OAuth \
            2.0 client's 'token_endpoint_auth_method' value to accept 'client_secret_post'.
            """
        case .invalidRequest(let hint):
            """
            The request is missing a required parameter, includes an invalid parameter value, includes a parameter \
            more than once, or is otherwise malformed. \(hint)
            """
        case .invalidScope(let scope):
            """
            The requested scope is invalid, unknown, or malformed. The OAuth 2.0 Client is not allowed to request \
            scope '\(scope)'.
            """
        }
    }
}
