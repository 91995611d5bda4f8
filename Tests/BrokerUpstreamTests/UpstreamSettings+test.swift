import BrokerUpstream

extension UpstreamSettings {
    static func test(trusting authorities: String? = nil) -> UpstreamSettings {
        UpstreamSettings(
            authoritiesFile: authorities, proxy: nil, proxyCredentialsFile: nil, rate: 5, burst: 10
        )
    }
}

extension UpstreamClient {
    static func withRunning<Value>(
        trusting authorities: String? = nil, _ body: (UpstreamClient) async throws -> Value
    ) async throws -> Value {
        let client = try UpstreamClient(.test(trusting: authorities))
        let value: Value
        do {
            value = try await body(client)
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
        return value
    }
}
