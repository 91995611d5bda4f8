/// Anything that can return an access token.
///
/// What a mint goes through is stacked from these: recording, retrying, the budget, the breaker, the token endpoint.
package protocol TokenSource: Sendable {
    /// Returns a token that is fresh now. Safe to call from many tasks at once.
    ///
    /// Throws a ``MintFailure`` when the authorization server does not give one before the request's deadline.
    func token(for request: MintRequest) async throws -> AccessToken
}
