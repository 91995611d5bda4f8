package import Broker
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What the client listener answers: tokens, for those who may have them.
package struct ClientRoutes: Sendable {
    private let broker: TokenBroker
    private let authenticator: ClientAuthenticator

    package init(broker: TokenBroker, authenticator: ClientAuthenticator) {
        self.broker = broker
        self.authenticator = authenticator
    }

    var routes: Routes {
        Routes(all: [
            .init(method: .post, path: "/oauth2/token", dialect: .oauth2) { request, context in
                try await oauth2Token(request, context, of: nil)
            },
            .init(method: .post, path: "/projects/{projectId}/oauth2/token", dialect: .oauth2) { request, context in
                try await oauth2Token(request, context, of: project(context))
            },
            .init(method: .get, path: "/v1/projects/{projectId}/token", answer: token),
            .init(method: .post, path: "/v1/projects/{projectId}/token/rejected", answer: rejected),
            .init(method: .get, path: "/v1/projects", answer: projects),
        ])
    }

    /// The client credentials grant (RFC 6749 §4.4).
    private func oauth2Token(
        _ request: Request, _ context: ListenerContext, of named: Result<ProjectID, BrokerError>?
    ) async throws -> Response {
        let form = try await request.form()
        let authorization = try await authenticator.authorize(
            ClientClaim(request.headers, form: form), from: context.peer)
        switch form["grant_type"] {
        case "client_credentials": break
        case nil:
            throw BrokerError.invalidRequest("the parameter grant_type is missing: use grant_type=client_credentials")
        default: throw BrokerError.unsupportedGrantType
        }
        let project = try (named ?? form["project_id"].map(projectID))?.get()
        let scope = try form["scope"].map { try Scope($0) }
        let asked = TokenRequest(project: project, scope: scope)
        return try await answer(asked, as: authorization, context) { try .init(json: OAuth2TokenAnswer($0)) }
    }

    /// `GET …/token?min_ttl=SECONDS`, for people who prefer a GET.
    private func token(_ request: Request, _ context: ListenerContext) async throws -> Response {
        let authorization = try await authenticator.authorize(
            ClientClaim(request.headers, form: nil), from: context.peer)
        var minimumLife: Duration = .zero
        if let text = try FormFields(request.uri.query ?? "")["min_ttl"] {
            guard let seconds = Int(text), (0...86_400).contains(seconds) else {
                throw BrokerError.invalidRequest("min_ttl is a whole number of seconds, at most 86400")
            }
            minimumLife = .seconds(seconds)
        }
        let asked = TokenRequest(project: try project(context).get(), scope: nil, minimumLife: minimumLife)
        guard !Accept.prefersText(request.headers[.accept]) else {
            return try await answer(asked, as: authorization, context, type: "text/plain; charset=utf-8") {
                ByteBuffer(string: $0.token.value.reveal())
            }
        }
        return try await answer(asked, as: authorization, context) { try .init(json: TokenAnswer($0)) }
    }

    /// Hands out a token, and has the response cached where it may be.
    private func answer(
        _ asked: TokenRequest, as authorization: Authorization, _ context: ListenerContext,
        type: String = "application/json", body: @escaping @Sendable (HandOut) throws -> ByteBuffer
    ) async throws -> Response {
        let handOut = try await broker.token(for: asked, as: authorization)
        if let handOut = handOut.repeatable { context.cachePermission.give(.init(handOut: handOut, body: body)) }
        return Response(
            status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: try body(handOut))
        )
    }

    /// "Sinch answered 401 to this token": a form or JSON with `token_sha256`, the hex of the whole token's SHA-256.
    private func rejected(_ request: Request, _ context: ListenerContext) async throws -> Response {
        struct Outcome: Encodable {
            let outcome: String
        }
        let form = try await request.form(orJSON: true)
        let authorization = try await authenticator.authorize(
            ClientClaim(request.headers, form: form), from: context.peer)
        guard let hex = form["token_sha256"]?.lowercased(), hex.utf8.count == 64,
            hex.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else {
            throw BrokerError.invalidRequest("token_sha256 is the SHA-256 of the whole token, 64 hexadecimal digits")
        }
        switch try await broker.replace(TokenDigest(hex: hex), of: project(context).get(), as: authorization) {
        case .replaced:
            return try Response(json: Outcome(outcome: "replaced"))
        case .alreadyReplaced:
            return try Response(json: Outcome(outcome: "already_replaced"))
        case .tooSoon(let wait):
            var response = try Response(json: Outcome(outcome: "too_soon"))
            response.headers[.retryAfter] = wait.retryAfter
            return response
        }
    }

    /// The projects that the client may use, with each token's state; never a token.
    private func projects(_ request: Request, _ context: ListenerContext) async throws -> Response {
        struct Listing: Encodable {
            struct Project: Encodable {
                let projectID: ProjectID
                let token: TokenReport?
            }

            let projects: [Project]
        }
        let authorization = try await authenticator.authorize(
            ClientClaim(request.headers, form: nil), from: context.peer)
        let projects = authorization.client.grants.sorted().map {
            Listing.Project(projectID: $0, token: broker.report(of: $0))
        }
        return try Response(json: Listing(projects: projects))
    }

    private func project(_ context: ListenerContext) -> Result<ProjectID, BrokerError> {
        projectID(context.parameters.get("projectId").flatMap(\.removingPercentEncoding) ?? "")
    }

    /// What is no project's ID is no project.
    private func projectID(_ text: String) -> Result<ProjectID, BrokerError> {
        (try? ProjectID(text)).map { .success($0) } ?? .failure(.unauthorizedClient)
    }
}
