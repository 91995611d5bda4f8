import Foundation

/// User and password of HTTP Basic, as they come: RFC 7617.
struct BasicCredentials: Equatable {
    let user: String
    let password: String

    /// What the `Authorization` field says, if it is Basic.
    init?(authorization: String?) {
        guard
            let authorization,
            let space = authorization.firstIndex(of: " "),
            authorization[..<space].lowercased() == "basic",
            let bytes = Data(base64Encoded: String(authorization[space...].dropFirst()))
        else { return nil }

        let text = String(decoding: bytes, as: UTF8.self)
        guard let colon = text.firstIndex(of: ":") else { return nil }
        user = String(text[..<colon])
        password = String(text[text.index(after: colon)...])
    }
}
