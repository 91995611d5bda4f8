/// What can go wrong for a client, in words that it can act on.
///
/// Anything else that is thrown (a bug) is not part of this vocabulary: it is logged for the operator, and
/// the client is told `server_error` alone.
package enum BrokerError: Error, Equatable {
    /// What a client would need to get a token.
    package enum Missing: Sendable, Equatable {
        case grant(for: ProjectID)
        case anyGrant
        /// What was named is no project's ID.
        case id
    }

    case invalidRequest(String)
    case unsupportedGrantType
    case invalidScope
    /// Unknown, disabled, or the wrong secret: one and the same on purpose.
    case invalidClient
    /// Nothing was shown that could be somebody's, by a Unix user or from elsewhere.
    case noCredentials(user: UInt32?)
    /// What was shown is not a client ID and a client secret, such as another scheme's credentials.
    case unusableCredentials
    case unknownCertificate([CertificateName])
    case certificateRefused(CertificateRefusal)
    /// Not granted or no such project: one and the same on purpose.
    case unauthorizedClient(Missing)
    /// Too many failed authentications from one peer.
    case authenticationThrottled
    /// Our budget to the authorization server is spent, or it said that its own is.
    case mintThrottled(retryAfter: Duration)
    /// The authorization server is failing and no valid token is left.
    case mintUnavailable(retryAfter: Duration)
    /// The store cannot be written, and no valid token is left.
    case storeUnwritable
    /// The authorization server refuses every key of the project.
    case everyKeyRefused
    /// The client has the grant, but the project has no key.
    case noKey
    /// The client has the grant, but an operator has disabled every key of the project.
    case everyKeyDisabled

    /// The short word that metrics know the error by.
    package var outcome: String {
        switch self {
        case .invalidRequest, .unsupportedGrantType, .invalidScope: "invalid_request"
        case .invalidClient, .noCredentials, .unusableCredentials, .unknownCertificate, .certificateRefused:
            "invalid_client"
        case .unauthorizedClient: "unauthorized_client"
        case .authenticationThrottled: "authentication_throttled"
        case .mintThrottled: "mint_throttled"
        case .mintUnavailable: "mint_unavailable"
        case .storeUnwritable: "failed"
        case .everyKeyRefused: "key_refused"
        case .noKey: "no_key"
        case .everyKeyDisabled: "key_disabled"
        }
    }
}
