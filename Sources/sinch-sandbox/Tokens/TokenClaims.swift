/// What a token says.
///
/// Sinch documents no claim but `exp`; the others are those that Hydra writes, and the project.
struct TokenClaims: Codable {
    var issuer = "https://sinch-sandbox.invalid"
    let subject: String
    let clientID: String
    let projectID: String
    let issuedAt: Int
    let expiresAt: Int
    let tokenID: String

    enum CodingKeys: String, CodingKey {
        case issuer = "iss"
        case subject = "sub"
        case clientID = "client_id"
        case projectID = "project_id"
        case issuedAt = "iat"
        case expiresAt = "exp"
        case tokenID = "jti"
    }
}
