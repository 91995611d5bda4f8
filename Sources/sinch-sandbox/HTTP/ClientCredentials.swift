/// The key ID and secret that a token request authenticates with.
struct ClientCredentials {
    let id: String
    let secret: String
    /// Whether they came in the form, a way Hydra's clients are not registered for unless somebody asks for it.
    var inBody = false
}
