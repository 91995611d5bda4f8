import sinch_sandbox

extension FaultTable {
    /// Every kind of status, and what of its body counts.
    static let statuses = refusedKeys + refusedRequests + failures

    private static let refusedKeys: [FaultRow] = [
        status(400, .everyKeyRefused, attempts: 1, body: #"{"error":"invalid_client"}"#),
        status(401, .everyKeyRefused, attempts: 1, body: #"{"error":"invalid_client"}"#),
        status(401, .everyKeyRefused, attempts: 1),
        status(401, .everyKeyRefused, attempts: 1, body: "<html>unauthorized</html>"),
    ]

    private static let refusedRequests: [FaultRow] = [
        status(400, .unavailable, attempts: 1),
        status(400, .unavailable, attempts: 1, body: "<html>bad request</html>"),
        status(400, .unavailable, attempts: 1, body: #"{"error":"invalid_request"}"#),
        status(400, .unavailable, attempts: 1, body: #"{"error":"invalid_grant"}"#),
        status(400, .unavailable, attempts: 1, body: #"{"error":"invalid_scope"}"#),
        status(400, .unavailable, attempts: 1, body: #"{"error":"unauthorized_client"}"#),
        status(400, .unavailable, attempts: 1, body: #"{"error":"unsupported_grant_type"}"#),
        status(400, .unavailable, attempts: 1, body: #"{"error":"\#(FaultyUpstream.secret)"}"#),
        status(401, .unavailable, attempts: 1, body: #"{"error":"invalid_request"}"#),
        status(403, .unavailable, attempts: 1),
        status(404, .unavailable, attempts: 1),
        status(405, .unavailable, attempts: 1),
        status(410, .unavailable, attempts: 1),
        status(418, .unavailable, attempts: 1, body: FaultyUpstream.basic),
        status(201, .unavailable, attempts: 1, body: body()),
        status(202, .unavailable, attempts: 1, body: body()),
        status(204, .unavailable, attempts: 1),
        status(206, .unavailable, attempts: 1, body: body()),
    ]

    private static let failures: [FaultRow] = [
        status(408, .unavailable, attempts: 3),
        status(500, .unavailable, attempts: 3, body: "what came was " + FaultyUpstream.basic),
        status(501, .unavailable, attempts: 3),
        status(502, .unavailable, attempts: 3),
        status(503, .unavailable, attempts: 3, body: body()),
        status(504, .unavailable, attempts: 3),
        status(599, .unavailable, attempts: 3),
    ]

    /// How long it wants to be left alone (RFC 9110 §10.2.3): honoured within reason, and nonsense is ignored.
    static let retryAfters = [(429, MintOutcome.throttled), (503, .unavailable)].flatMap { code, outcome in
        waits.map { field, attempts in
            status(code, outcome, attempts: attempts, headers: field.isEmpty ? [:] : ["Retry-After": field])
        }
    }

    private static let waits: [(String, attempts: Int)] = [
        ("", 3), ("2", 3), ("0", 3), ("-1", 3), ("1000000000", 1), ("soon", 3),
        ("Thu, 01 Jan 2099 00:00:00 GMT", 1), ("Thu, 01 Jan 1970 00:00:00 GMT", 3),
    ]

    /// None is followed.
    static let redirects: [FaultRow] =
        [301, 302, 303, 307, 308].flatMap { status in
            [
                redirect(status, to: .itself, "the same host"),
                redirect(status, to: .anotherListener, "another listener"),
            ]
        } + [redirect(302, to: .file, "a file")]

    private static func redirect(_ status: Int, to target: FaultRow.RedirectTarget, _ name: String) -> FaultRow {
        FaultRow("\(status) to \(name)", .redirect(status: status, to: target), .unavailable, attempts: 1)
    }
}
