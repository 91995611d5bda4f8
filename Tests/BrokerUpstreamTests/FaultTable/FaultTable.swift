import Foundation
import sinch_sandbox

/// Every way in which an authorization server is known to fail, and the answer to each (DESIGN's error table and 8.2).
///
/// Retries are for connection errors, timeouts, 408, 429, 5xx and garbled answers, at most 3 attempts; a timeout takes
/// so much of the deadline that there is time for a second attempt only, and a `Retry-After` beyond it for none.
enum FaultTable {
    static let rows = statuses + retryAfters + redirects + bodies + tokenTypes + lifetimes + tokens + connections + tls

    /// An answer with this status.
    static func status(
        _ status: Int, _ outcome: MintOutcome, attempts: Int, headers: [String: String] = [:], body: String = ""
    ) -> FaultRow {
        let details = headers.map { "\($0): \($1)" } + [String(body.prefix(60))]
        return FaultRow(
            ([String(status)] + details).joined(separator: " "),
            .answer(
                CannedAnswer(status: status, headers: headers, body: body, contentType: "application/json")
            ), outcome, attempts: attempts
        )
    }

    /// An answer with status 200 that cannot be used.
    static func garbled(_ name: String, _ body: String) -> FaultRow {
        let answer = CannedAnswer(status: 200, body: body, contentType: "application/json")
        return FaultRow(name, .answer(answer), .unavailable, attempts: 3)
    }

    /// An answer with status 200 that is good enough.
    static func accepted(_ name: String, _ body: String, seconds: Int) -> FaultRow {
        let answer = CannedAnswer(status: 200, body: body, contentType: "application/json")
        return FaultRow(name, .answer(answer), .token(seconds: seconds), attempts: 1)
    }

    /// The body of an answer, with some of its fields in JSON as given, or left out.
    static func body(
        token: String? = #""a-good-token""#, type: String? = #""bearer""#, expiresIn: String? = "3599"
    ) -> String {
        let fields = [("access_token", token), ("expires_in", expiresIn), ("scope", #""""#), ("token_type", type)]
        return "{" + fields.compactMap { name, value in value.map { #""\#(name)":\#($0)"# } }.joined(separator: ",")
            + "}"
    }
}
