import AsyncHTTPClient
package import Broker
package import Foundation
import NIOCore
import NIOHTTP1

/// What a token endpoint says to whoever shows no key: whether it can be reached from here, and what time it has.
package struct EndpointProbe {
    package let status: UInt
    /// How long the answer took.
    package let took: Duration
    /// How far this machine's clock is ahead of the endpoint's, in seconds, give or take one; `nil` where that is not said.
    package let ahead: Int?

    /// Throws ``OperatorError`` where no answer comes within 5 s.
    package init(of endpoint: URL, by client: UpstreamClient, clock: any BrokerClock) async throws {
        let begin = clock.now
        do {
            var request = HTTPClientRequest(url: endpoint.absoluteString)
            request.headers = ["User-Agent": "token-broker"]
            let response = try await client.current.execute(request, timeout: .seconds(5))
            let end = clock.now
            status = response.status.code
            took = end.elapsed(since: begin)
            let date = response.headers.first(name: "Date").flatMap {
                Date(http: $0.trimmingCharacters(in: .whitespaces))
            }
            ahead = date.map { Int(end.wall.timeIntervalSince($0).rounded(.towardZero)) }
        } catch {
            throw OperatorError(.unavailable, ConnectionTrouble.description(of: error))
        }
    }
}
