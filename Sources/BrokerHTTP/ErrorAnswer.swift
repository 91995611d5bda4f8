import Broker
import Foundation
import NIOHTTP1

/// An error as HTTP says it: the one place where errors become statuses.
struct ErrorAnswer {
    private struct Body: Encodable {
        var error: String
        var errorDescription: String
        var retryable = false
        var operatorAction: String?
        var requestID: String?
    }

    let status: HTTPResponseStatus
    /// Besides those that every answer has.
    private(set) var fields: HTTPHeaders = [:]
    let body: Data
    /// Whether the broker itself failed, so that an operator must see the error in the log.
    let isOurs: Bool
    /// What is wrong, for the log: without what the request says, which may be a secret in the wrong place.
    let reason: String

    init(_ error: any Error, dialect: Dialect = .http, requestID: RequestID) {
        let status: HTTPResponseStatus
        var isOurs = false
        var retryAfter: Duration?
        var reason: String?
        var body: Body
        switch error {
        case BrokerError.invalidRequest(let description):
            (status, body) = (.badRequest, Body(error: "invalid_request", errorDescription: description))
        case BrokerError.unsupportedGrantType:
            (status, body) = (
                .badRequest,
                Body(error: "unsupported_grant_type", errorDescription: "use grant_type=client_credentials")
            )
        case BrokerError.invalidScope:
            (status, body) = (
                .badRequest,
                Body(
                    error: "invalid_scope", errorDescription: "ask for no scope, or for what the key is registered with"
                )
            )
        case BrokerError.invalidClient, BrokerError.noCredentials, BrokerError.unusableCredentials,
            BrokerError.unknownCertificate, BrokerError.certificateRefused:
            (status, body) = (.unauthorized, Body(error: "invalid_client", errorDescription: Self.unauthorized(error)))
            // The connection's certificate stays what it is: the next connection has another one.
            if case BrokerError.certificateRefused = error { fields.add(name: "Connection", value: "close") }
        case BrokerError.unauthorizedClient(let missing):
            let description =
                switch missing {
                case .grant(let project): "this client has no grant for project \(project)"
                case .anyGrant: "this client has no grant for any project yet"
                case .id: "no project has such an ID, which is what the project is called at Sinch"
                }
            if case .grant = missing { reason = "this client has no grant for the project that it names" }
            (status, body) = (
                .forbidden,
                Body(
                    error: "unauthorized_client",
                    errorDescription: description + ": ask the operator of the token broker"
                )
            )
        case BrokerError.authenticationThrottled:
            (status, body) = (
                .tooManyRequests,
                Body(
                    error: "temporarily_unavailable",
                    errorDescription: "too many failed authentications: check the client ID and the client secret",
                    retryable: true
                )
            )
            retryAfter = .seconds(5)
        case BrokerError.mintThrottled(let wait):
            (status, body) = (
                .tooManyRequests,
                Body(
                    error: "temporarily_unavailable",
                    errorDescription: "the authorization server is asked as often as it may be: try again shortly",
                    retryable: true
                )
            )
            // Sinch's SDKs sleep as long as they are told to, with a lock held.
            retryAfter = min(wait, .seconds(5))
        case BrokerError.mintUnavailable(let wait):
            (status, body) = (
                .serviceUnavailable,
                Body(
                    error: "temporarily_unavailable",
                    errorDescription: "the authorization server gives no token now: try again shortly", retryable: true
                )
            )
            retryAfter = min(wait, .seconds(30))
        case BrokerError.everyKeyRefused:
            (status, body) = (
                .badGateway,
                Body(
                    error: "server_error",
                    errorDescription: "the authorization server refuses every key of this project: "
                        + "the operator of the token broker has to register a new one",
                    operatorAction: "replace_key"
                )
            )
        case BrokerError.noKey:
            (status, body) = (
                .badGateway,
                Body(
                    error: "server_error",
                    errorDescription: "this project has no access key: the operator of the token broker has to add one",
                    operatorAction: "add_key"
                )
            )
        case BrokerError.everyKeyDisabled:
            (status, body) = (
                .badGateway,
                Body(
                    error: "server_error",
                    errorDescription: "every access key of this project is disabled: "
                        + "the operator of the token broker has to enable one",
                    operatorAction: "enable_key"
                )
            )
        case RequestRefusal.malformed(let description):
            (status, body) = (.badRequest, Body(error: "invalid_request", errorDescription: description))
        case RequestRefusal.repeated(let parameter):
            reason = "a parameter comes twice"
            (status, body) = (
                .badRequest,
                Body(
                    error: "invalid_request",
                    errorDescription: "the parameter '\(parameter.quotable)' comes twice: send it once"
                )
            )
        case RequestRefusal.headTooLarge:
            (status, body) = (
                .requestHeaderFieldsTooLarge,
                Body(error: "invalid_request", errorDescription: "a request's head has at most 16 KiB and 64 fields")
            )
        case RequestRefusal.bodyTooLarge(let most):
            (status, body) = (
                .payloadTooLarge,
                Body(error: "invalid_request", errorDescription: "a request's body has at most \(most / 1024) KiB")
            )
        case RequestRefusal.notAForm:
            (status, body) = (
                .unsupportedMediaType,
                Body(error: "invalid_request", errorDescription: "send a form: application/x-www-form-urlencoded")
            )
        case RequestRefusal.fromBrowser(let field):
            (status, body) = (
                .forbidden,
                Body(
                    error: "invalid_request",
                    errorDescription:
                        "the request has the field \(field), which browsers send: the token broker does not "
                        + "serve browsers, and a proxy in front of it must remove the field"
                )
            )
        case RequestRefusal.wrongHost(let host, let isReachable):
            reason = "this listener does not go by the host that was named"
            (status, body) = (
                .misdirectedRequest,
                Body(
                    error: "invalid_request",
                    errorDescription: "this listener does not go by '\(host.quotable)': use "
                        + (isReachable ? "its address, a name without a dot, " : "a loopback name, ")
                        + "or one that the operator of the token broker names with --allowed-hosts"
                )
            )
        case RequestRefusal.notFound(let paths):
            (status, body) = (
                .notFound,
                Body(
                    error: "invalid_request",
                    errorDescription: "nothing is served at this path; there are \(paths.joined(separator: ", "))"
                )
            )
        case RequestRefusal.methodNotAllowed(let allow):
            (status, body) = (
                .methodNotAllowed, Body(error: "invalid_request", errorDescription: "this path is for \(allow)")
            )
            fields.add(name: "Allow", value: allow)
        case RequestRefusal.notPermitted:
            (status, body) = (
                .forbidden,
                Body(
                    error: "invalid_request", errorDescription: "the admin socket is for the broker's own user and root"
                )
            )
        case RequestRefusal.tooManyConnections:
            (status, body) = (
                .serviceUnavailable,
                Body(
                    error: "temporarily_unavailable",
                    errorDescription: "too many connections: keep one open and ask for all tokens over it",
                    retryable: true
                )
            )
            retryAfter = .seconds(1)
        case is StoreFailure, BrokerError.storeUnwritable:
            isOurs = true
            reason = (error as? StoreFailure).map { "\($0)" }
            (status, body) = (
                .serviceUnavailable,
                Body(
                    error: "temporarily_unavailable",
                    errorDescription:
                        "the token broker cannot write its database, so it hands out no token to a client that "
                        + "does not have it yet: its log says why under this request ID",
                    retryable: true
                )
            )
            // How often the broker checks its database.
            retryAfter = .seconds(5)
        default:
            isOurs = true
            reason = error.reason
            (status, body) = (
                .internalServerError,
                Body(
                    error: "server_error",
                    errorDescription: "the token broker failed; its log says why under this request ID"
                )
            )
        }
        self.status = dialect.status(for: status)
        self.isOurs = isOurs
        if self.status == .unauthorized {
            fields.add(name: "WWW-Authenticate", value: #"Basic realm="token-broker", charset="UTF-8""#)
        }
        if let retryAfter {
            fields.add(name: "Retry-After", value: retryAfter.retryAfter)
        }
        self.reason = reason ?? body.errorDescription
        body.requestID = requestID.description
        self.body = (try? WireJSON.encode(body)) ?? Data()
    }
}

extension Duration {
    /// As `Retry-After` has it: whole seconds, at least one.
    var retryAfter: String { "\(max(1, Int((self / .seconds(1)).rounded(.up))))" }
}
