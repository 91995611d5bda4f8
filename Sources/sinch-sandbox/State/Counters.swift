extension Sandbox {
    /// What has happened since the start or the last reset.
    package struct Counters: Codable, Sendable, Equatable {
        /// All requests to the token endpoint, whatever became of them.
        package var tokenRequests = 0
        package var tokensMinted = 0
        package var invalidClient = 0
        /// Token requests that the gateway refused.
        package var rateLimited = 0
        package var faultsServed = 0
        /// All requests with an `Authorization` field, by the listener that they came to.
        package var authorizationSeen = AuthorizationSeen()
        /// All requests to the trunks, whatever became of them.
        package var apiRequests = 0
        /// Those that were refused with 401 or 403.
        package var apiUnauthorized = 0
        /// Those that authenticated with Basic once too often.
        package var apiRateLimited = 0

        package struct AuthorizationSeen: Codable, Sendable, Equatable {
            package var http = 0
            package var https = 0
        }

        package init() {}

        enum CodingKeys: String, CodingKey {
            case tokenRequests = "token_requests"
            case tokensMinted = "tokens_minted"
            case invalidClient = "invalid_client"
            case rateLimited = "rate_limited"
            case faultsServed = "faults_served"
            case authorizationSeen = "authorization_seen"
            case apiRequests = "api_requests"
            case apiUnauthorized = "api_unauthorized"
            case apiRateLimited = "api_rate_limited"
        }
    }
}
