import AsyncHTTPClient
package import Broker
package import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Asks a token endpoint for tokens with the client credentials grant (RFC 6749 §4.4), once per call.
package struct TokenEndpointClient: TokenEndpoint {
    private static let largestBody = 64 * 1024

    private let client: UpstreamClient
    private let clock: any BrokerClock

    package init(_ client: UpstreamClient, clock: any BrokerClock) {
        self.client = client
        self.clock = clock
    }

    package func mint(
        with key: AccessKey, secret: Secret, at endpoint: URL, scope: Scope
    ) async throws -> MintedToken {
        var request = HTTPClientRequest(url: endpoint.absoluteString)
        request.method = .POST
        request.headers = [
            "Authorization": BasicCredentials.header(id: key.id.description, secret: secret),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "User-Agent": "token-broker",
        ]
        request.body = .bytes(ByteBuffer(string: form(scope)))
        let (status, retryAfter, body) = try await answer(to: request)
        let wait = RetryAfter.duration(retryAfter, now: clock.now.wall)
        return try TokenResponse.token(status: status, retryAfter: wait, body: body)
    }

    private func form(_ scope: Scope) -> String {
        let grant = "grant_type=client_credentials"
        return scope.isEmpty ? grant : grant + "&scope=" + FormEncoding.encode(scope.description)
    }

    /// The whole answer, or the reason why there is none in time. The library's own deadline ends with the head.
    private func answer(to request: HTTPClientRequest) async throws -> (status: UInt, retryAfter: String?, body: Data) {
        do {
            return try await withThrowingTaskGroup(of: (UInt, String?, Data)?.self) { group in
                group.addTask {
                    let response = try await client.current.execute(
                        request, timeout: .seconds(Deadline.attempt.components.seconds))
                    let body = try await response.body.collect(upTo: Self.largestBody)
                    return (response.status.code, response.headers.first(name: "Retry-After"), Data(buffer: body))
                }
                group.addTask {
                    try await clock.timeout(after: Deadline.attempt)
                    return nil
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() ?? nil else {
                    throw MintFailure.unavailable("no answer within \(Deadline.attempt.text)")
                }
                return answer
            }
        } catch let failure as MintFailure {
            throw failure
        } catch is NIOTooManyBytesError {
            throw MintFailure.garbled("more than \(Self.largestBody / 1024) KiB")
        } catch let error as HTTPParserError {
            throw MintFailure.garbled("not HTTP: \(error)")
        } catch {
            throw MintFailure.unavailable(ConnectionTrouble.description(of: error))
        }
    }
}
