/// A token as the token endpoint answers with it; its fields come out in alphabetical order, as Hydra's do.
package struct MintedToken: Encodable, Sendable {
    package let accessToken: String
    package let expiresIn: Int
    /// Sinch defines no scopes, but sends the field, and SDKs of Sinch's fail without it.
    package let scope = ""
    package let tokenType = "bearer"

    private enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case expiresIn = "expires_in"
        case scope
        case tokenType = "token_type"
    }
}
