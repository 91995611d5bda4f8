extension FaultTable {
    /// What is not the JSON of RFC 6749 §5.1.
    static let bodies: [FaultRow] = [
        garbled("HTML", "<!DOCTYPE html><html><body>OK</body></html>"),
        garbled("nothing", ""),
        garbled("truncated JSON", String(body().dropLast(1))),
        garbled("JSON and a NUL after it", body() + "\0"),
        garbled("JSON and a NUL before it", "\0" + body()),
        garbled("a byte order mark", "\u{FEFF}" + body()),
        garbled("JSON twice", body() + body()),
        garbled("an array", "[" + body() + "]"),
        garbled("null", "null"),
        garbled("a string", #""a-good-token""#),
        garbled("a field twice", String(body().dropLast(1)) + #","access_token":"another-token"}"#),
        garbled("100,000 levels", String(repeating: "[", count: 100_000)),
        garbled("10,000 levels in a field", #"{"nested":\#(levels(10_000)),"# + body().dropFirst()),
        garbled("more than 64 KiB", body() + String(repeating: " ", count: 64 * 1024)),
    ]

    static let tokenTypes = [
        garbled("token_type missing", body(type: nil)),
        garbled("token_type null", body(type: "null")),
        garbled("token_type empty", body(type: #""""#)),
        garbled("token_type mac", body(type: #""mac""#)),
        garbled("token_type bearer and a space", body(type: #""bearer ""#)),
        garbled("token_type a number", body(type: "1")),
        garbled("token_type a list", body(type: #"["bearer"]"#)),
        accepted("token_type bearer", body(type: #""bearer""#), seconds: 3599),
        accepted("token_type Bearer", body(type: #""Bearer""#), seconds: 3599),
        accepted("token_type BEARER", body(type: #""BEARER""#), seconds: 3599),
    ]

    /// `expires_in`: missing is 300 s, over 24 h is 24 h, a numeric string is a number, and what is no life is refused.
    static let lifetimes =
        noLives.map { garbled("expires_in \($0)", body(expiresIn: $0)) }
        + lives.map { accepted("expires_in \($0)", body(expiresIn: $0), seconds: $1) }
        + [accepted("expires_in missing", body(expiresIn: nil), seconds: 300)]

    private static let noLives = [
        "0", "-1", "-1e400", "1e400", #""1e400""#, "NaN", #""NaN""#, "true", #""soon""#, #""""#, "[3599]", "0.5",
    ]

    private static let lives: [(String, seconds: Int)] = [
        ("null", 300), ("9223372036854775808", 86_400), ("86401", 86_400), (#""3600""#, 3600), ("3599.5", 3599),
    ]

    /// `access_token`: printable ASCII without spaces, at most 8 KiB, and never what we sent.
    static let tokens: [FaultRow] = [
        garbled("access_token missing", body(token: nil)),
        garbled("access_token null", body(token: "null")),
        garbled("access_token a number", body(token: "1")),
        garbled("access_token empty", body(token: #""""#)),
        garbled("access_token with CRLF", body(token: #""a\r\nX-Injected: b""#)),
        garbled("access_token with NUL", body(token: #""a\u0000b""#)),
        garbled("access_token with a space", body(token: #""a b""#)),
        garbled("access_token not ASCII", body(token: #""tökén""#)),
        garbled("access_token of 8 KiB and one", body(token: quoted(8193))),
        garbled("access_token of 1 MiB", body(token: quoted(1024 * 1024))),
        garbled("access_token is the key secret", body(token: #""\#(FaultyUpstream.secret)""#)),
        accepted("access_token of 8 KiB", body(token: quoted(8192)), seconds: 3599),
    ]

    private static func levels(_ count: Int) -> String {
        String(repeating: "[", count: count) + String(repeating: "]", count: count)
    }

    private static func quoted(_ count: Int) -> String {
        "\"" + String(repeating: "a", count: count) + "\""
    }
}
