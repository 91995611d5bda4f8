public import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension HTTPClient {
    /// Sends a request to a Sinch API with a token of the project.
    ///
    /// Where the API answers 401, the broker is told that the token is dead, and the request is sent once more with
    /// another one; where the broker gives no other, the API's answer stands. The body must be one that can be sent twice:
    /// bytes, not a stream.
    ///
    /// Throws ``TokenBrokerError`` and what `execute(_:timeout:)` throws.
    ///
    /// - Parameter timeout: of each of the two, without the fetch of the token
    public func execute(
        _ request: HTTPClientRequest, withTokenOf project: String, from broker: TokenBroker,
        timeout: Duration = .seconds(30)
    ) async throws -> HTTPClientResponse {
        let token = try await broker.token(for: project)
        let response = try await execute(request, with: token, timeout: timeout)
        guard response.status == .unauthorized, let other = try await broker.token(insteadOf: token) else {
            return response
        }
        return try await execute(request, with: other, timeout: timeout)
    }

    private func execute(
        _ request: HTTPClientRequest, with token: AccessToken, timeout: Duration
    ) async throws -> HTTPClientResponse {
        var request = request
        request.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token.value)")
        return try await execute(request, timeout: TimeAmount(timeout))
    }
}
