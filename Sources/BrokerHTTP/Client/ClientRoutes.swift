package import Broker
import Foundation
import NIOCore
import NIOHTTP1

/// What the client listener answers: tokens, for those who may have them.
package struct ClientRoutes: Sendable {
    private let broker: TokenBroker
    private let authenticator: ClientAuthenticator
    private let issuer: IssuerIdentifier?
    private let metrics = HandOutMetrics()

    /// - Parameter issuer: what clients know the broker by; if `nil`, each listener has an issuer of its own.
    package init(broker: TokenBroker, authenticator: ClientAuthenticator, issuer: IssuerIdentifier? = nil) {
        self.broker = broker
        self.authenticator = authenticator
        self.issuer = issuer
    }

    /// What the API description says, done.
    func routes(_ security: ListenerSecurity) -> Routes {
        Routes(all: APIDescription.operations.map { route($0, $1, $2, security) })
    }

    private func route(
        _ method: HTTPMethod, _ path: String, _ operation: APIDescription.Operation, _ security: ListenerSecurity
    ) -> Routes.Route {
        switch operation {
        case .requestToken:
            .init(method, path, dialect: .oauth2) { request, _ in
                try await counted { try await oauth2Token(request, of: nil) }
            }
        case .requestTokenOfProject:
            .init(method, path, dialect: .oauth2) { request, values in
                try await counted { try await oauth2Token(request, of: project(values)) }
            }
        case .getToken:
            .init(method, path) { request, values in try await counted { try await token(request, values) } }
        case .getAuthorization:
            .init(method, path, dialect: .forwardAuthentication) { request, values in
                try await counted { try await authorizationField(request, values) }
            }
        case .reportRejectedToken: .init(method, path, answer: rejected)
        case .listProjects: .init(method, path, on: .worker) { request, _ in try await projects(request) }
        case .getMetadata:
            .init(method, path) { request, _ in
                try WholeResponse(json: ServerMetadata(of: issuer, for: request.head.headers, security: security))
            }
        case .getDescription:
            .init(method, path) { _, _ in WholeResponse(body: ByteBuffer(bytes: APIDescription.json)) }
        }
    }

    /// The client credentials grant (RFC 6749 §4.4).
    private func oauth2Token(
        _ request: WholeRequest, of named: Result<ProjectID, BrokerError>?
    ) async throws -> WholeResponse {
        let form = try request.form()
        let authorization = try await authorize(request, form)
        switch form["grant_type"] {
        case "client_credentials": break
        case nil:
            throw BrokerError.invalidRequest("the parameter grant_type is missing: use grant_type=client_credentials")
        default: throw BrokerError.unsupportedGrantType
        }
        let project = try (named ?? form["project_id"].map(projectID))?.get()
        let scope = try form["scope"].map { try Scope($0) }
        let asked = TokenRequest(project: project, scope: scope)
        return try await answer(asked, as: authorization, written: TokenAnswer.oauth2)
    }

    /// `GET …/token?min_ttl=SECONDS`, for people who prefer a GET.
    private func token(_ request: WholeRequest, _ values: [Substring]) async throws -> WholeResponse {
        let (asked, authorization) = try await asked(request, values)
        guard !Accept.prefersText(request.head.headers.first(name: "Accept")) else {
            return try await answer(
                asked, as: authorization, type: "text/plain; charset=utf-8", written: TokenAnswer.text
            )
        }
        return try await answer(asked, as: authorization, written: TokenAnswer.full)
    }

    /// The token as the field that an API wants, for proxies that ask before they forward: nginx's `auth_request`,
    /// Envoy's `ext_authz`, Caddy's `forward_auth` and Traefik's `ForwardAuth`.
    private func authorizationField(_ request: WholeRequest, _ values: [Substring]) async throws -> WholeResponse {
        let authorization = try await authorizeProxy(request)
        let asked = TokenRequest(project: try project(values).get(), scope: nil)
        let handOut = try await naming(authorization.client, asked.project) {
            try await broker.token(for: asked, as: authorization)
        }
        metrics.count(handOut)
        return WholeResponse(
            body: ByteBuffer(), fields: ["Authorization": "Bearer \(handOut.token.value.reveal())"],
            for: authorization.client.id
        )
    }

    /// What a GET asks for, and who asks.
    private func asked(
        _ request: WholeRequest, _ values: [Substring]
    ) async throws -> (TokenRequest, Authorization) {
        let authorization = try await authorize(request, nil)
        var minimumLife: Duration = .zero
        if let text = try FormFields(request.query.utf8)["min_ttl"] {
            guard let seconds = Int(text), (0...86_400).contains(seconds) else {
                throw BrokerError.invalidRequest("min_ttl is a whole number of seconds, at most 86400")
            }
            minimumLife = .seconds(seconds)
        }
        return (TokenRequest(project: try project(values).get(), scope: nil, minimumLife: minimumLife), authorization)
    }

    /// Counts what came of a request for a token; one that came about was counted when it did.
    private func counted(_ answer: () async throws -> WholeResponse) async throws -> WholeResponse {
        do {
            return try await answer()
        } catch {
            metrics.count(error)
            throw error
        }
    }

    /// Hands out a token, and has the response cached where it may be.
    private func answer(
        _ asked: TokenRequest, as authorization: Authorization,
        type: String = "application/json", written body: @escaping @Sendable (HandOut) -> ByteBuffer
    ) async throws -> WholeResponse {
        let handOut = try await naming(authorization.client, asked.project) {
            try await broker.token(for: asked, as: authorization)
        }
        metrics.count(handOut)
        var response = WholeResponse(type: type, body: body(handOut), for: authorization.client.id)
        response.cacheable = handOut.repeatable.map {
            CacheableResponse(handOut: $0, to: authorization.client.id, handOuts: metrics.handedOut, body: body)
        }
        return response
    }

    /// "Sinch answered 401 to this token": a form or JSON with `token_sha256`, the hex of the whole token's SHA-256.
    private func rejected(_ request: WholeRequest, _ values: [Substring]) async throws -> WholeResponse {
        struct Outcome: Encodable {
            let outcome: String
        }
        let form = try request.form(orJSON: true)
        let authorization = try await authorize(request, form)
        guard let hex = form["token_sha256"]?.lowercased(), hex.utf8.count == 64,
            hex.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else {
            throw BrokerError.invalidRequest("token_sha256 is the SHA-256 of the whole token, 64 hexadecimal digits")
        }
        let project = try project(values).get()
        let replacement = try await naming(authorization.client, project) {
            try await broker.replace(TokenDigest(hex: hex), of: project, as: authorization)
        }
        metrics.countReport(of: project, replacement.outcome)
        var fields: HTTPHeaders = [:]
        if case .tooSoon(let wait) = replacement { fields.add(name: "Retry-After", value: wait.retryAfter) }
        return try WholeResponse(
            json: Outcome(outcome: replacement.outcome), fields: fields, for: authorization.client.id
        )
    }

    /// `GET /v1/projects?after=PROJECT&limit=NUMBER`: a page of the client's projects with each token's state, never a
    /// token.
    private func projects(_ request: WholeRequest) async throws -> WholeResponse {
        struct Listing: Encodable {
            struct Project: Encodable {
                let projectID: ProjectID
                let token: TokenReport?
            }

            let projects: [Project]
            let next: ProjectID?
        }
        let authorization = try await authorize(request, nil)
        let page: Page<Project> = try FormFields(request.query.utf8).page()
        let (projects, next) = page.elements(of: authorization.client.grants) { $0 }
        return try WholeResponse(
            json: Listing(
                projects: projects.map { Listing.Project(projectID: $0, token: broker.report(of: $0)) }, next: next
            ),
            for: authorization.client.id
        )
    }

    private func authorize(_ request: WholeRequest, _ form: FormFields?) async throws -> Authorization {
        try await authenticator.authorize(ClientClaim(request.head.headers, form: form), from: request.peer)
    }

    /// Authorizes a proxy that asks for a visitor: by its connection if that identifies a client, else by HTTP Basic.
    ///
    /// A field that is not usable is the visitor's, and counts as none.
    private func authorizeProxy(_ request: WholeRequest) async throws -> Authorization {
        var claim = ClientClaim.none
        if await !authenticator.identifies(request.peer) {
            let shown = try ClientClaim(request.head.headers, form: nil)
            if shown.isUsable { claim = shown }
        }
        return try await authenticator.authorize(claim, from: request.peer)
    }

    /// Adds to an error who asked for what.
    private func naming<Value>(
        _ client: Client, _ project: ProjectID?, _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await work()
        } catch {
            throw AuthorizedRequestError(error: error, client: client.id, project: project.flatMap(broker.known))
        }
    }

    private func project(_ values: [Substring]) -> Result<ProjectID, BrokerError> {
        projectID(values.first.map(String.init) ?? "")
    }

    /// What is no ID is no project's.
    private func projectID(_ text: String) -> Result<ProjectID, BrokerError> {
        (try? ProjectID(text)).map { .success($0) }
            ?? .failure(.unauthorizedClient(.id))
    }
}

extension Replacement {
    fileprivate var outcome: String {
        switch self {
        case .replaced: "replaced"
        case .alreadyReplaced: "already_replaced"
        case .tooSoon: "too_soon"
        }
    }
}
