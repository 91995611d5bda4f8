extension Sandbox {
    /// What a test may set.
    package struct Settings: Codable, Sendable, Equatable {
        /// The `expires_in` of new tokens, in seconds; zero and negative numbers are allowed, to see what clients do.
        package var expiresIn = 3599
        /// How long each answer of the token endpoint is held back, the gateway's 429 excepted.
        package var delayMilliseconds = 0
        /// How long the tokens of a deleted key live on.
        package var keyDeathSeconds = 60.0
        /// How many token requests the gateway lets through at once.
        package var bucketCapacity = 30
        package var bucketRefillPerSecond = 10.0

        package init() {}

        enum CodingKeys: String, CodingKey, CaseIterable {
            case expiresIn = "expires_in"
            case delayMilliseconds = "delay_milliseconds"
            case keyDeathSeconds = "key_death_seconds"
            case bucketCapacity = "bucket_capacity"
            case bucketRefillPerSecond = "bucket_refill_per_second"
        }
    }
}
