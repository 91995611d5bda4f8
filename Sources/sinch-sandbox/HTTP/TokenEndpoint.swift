import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// `POST /oauth2/token` of auth.sinch.com: Hydra behind Envoy.
struct TokenEndpoint: Sendable {
    let sandbox: Sandbox

    func respond(to request: Request, on channel: any Channel) async throws -> Response {
        let basic = BasicCredentials(authorization: request.headers[.authorization])
        let response: Response
        switch sandbox.admit(keyID: basic.flatMap { FormFields.unescape($0.user) }) {
        case .rateLimited:
            // Envoy answers itself, with nothing but this header; Sinch sends no Retry-After.
            return Response(status: .tooManyRequests, headers: [.envoyRateLimited: "true"])
        case .fault(.answer(let answer)):
            response = Response(answer)
        case .fault(.wire(let fault)):
            _ = try await request.body.collect(upTo: 64 * 1024)
            let wire = try await Wire(takingOver: channel)
            await cancelWhenGracefulShutdown { await fault.play(on: wire) }
            // Nobody is there any more to read it.
            return Response(status: .internalServerError)
        case .admitted:
            response = try await grant(request, basic: basic)
        }

        let delay = sandbox.settings.delayMilliseconds
        if delay > 0 {
            try await Task.sleep(for: .milliseconds(delay))
        }
        return response
    }

    private func grant(_ request: Request, basic: BasicCredentials?) async throws -> Response {
        guard request.method == .post else {
            return Response(status: .methodNotAllowed, headers: [.allow: "POST"])
        }
        do {
            let form = try await form(of: request)
            let credentials = try credentials(in: form, basic: basic)
            return try .tokenEndpoint(try sandbox.mint(credentials, scope: form["scope"]))
        } catch let error as TokenEndpointError {
            return try error.response
        }
    }

    /// The form, once it is clear that it asks for what the endpoint gives; in the order of fosite's checks.
    private func form(of request: Request) async throws -> FormFields {
        let isForm = request.headers[.contentType].map(MediaType.init)??.isType(.applicationUrlEncoded) ?? false
        let body = try await request.body.collect(upTo: 64 * 1024)
        guard let form = FormFields(isForm ? String(buffer: body) : "") else {
            throw TokenEndpointError.invalidRequest(
                hint: "Unable to parse HTTP body, make sure to send a properly formatted form request body."
            )
        }
        guard !form.isEmpty else {
            throw TokenEndpointError.invalidRequest(hint: "The POST body can not be empty.")
        }
        let grantTypes = form["grant_type"].split(separator: " ")
        guard !grantTypes.isEmpty else {
            throw TokenEndpointError.invalidRequest(hint: "Request parameter 'grant_type' is missing")
        }
        guard grantTypes == ["client_credentials"] else {
            throw TokenEndpointError.invalidRequest(
                hint: """
                    Make sure that the various parameters are correct, be aware of case sensitivity and trim your \
                    parameters. Make sure that the client you are using has exactly whitelisted the redirect_uri you \
                    specified.
                    """
            )
        }
        return form
    }

    private func credentials(in form: FormFields, basic: BasicCredentials?) throws -> ClientCredentials {
        let hasBodySecret = !form["client_id"].isEmpty && !form["client_secret"].isEmpty
        guard let basic else {
            guard !form["client_id"].isEmpty else {
                throw TokenEndpointError.invalidRequest(
                    hint: """
                        Client credentials missing or malformed in both HTTP Authorization header and HTTP POST body.
                        """
                )
            }
            return ClientCredentials(id: form["client_id"], secret: form["client_secret"], inBody: hasBodySecret)
        }
        guard let id = FormFields.unescape(basic.user) else { throw undecodable("id") }
        guard let secret = FormFields.unescape(basic.password) else { throw undecodable("secret") }
        return ClientCredentials(id: id, secret: secret, inBody: hasBodySecret)
    }

    private func undecodable(_ half: String) -> TokenEndpointError {
        .invalidRequest(
            hint: """
                The client \(half) in the HTTP authorization header could not be decoded from \
                'application/x-www-form-urlencoded'.
                """
        )
    }
}
