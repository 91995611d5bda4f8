import AsyncHTTPClient
import Broker
import BrokerHTTP
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Has an operator's requests done by the running broker, over its admin socket.
struct AdminSocketClient: Administration {
    private static let timeout: TimeAmount = .seconds(60)
    private static let largestReply = 256 * 1024 * 1024

    private let client: HTTPClient
    private let path: String

    init(_ client: HTTPClient, path: String) {
        self.client = client
        self.path = path
    }

    func perform<Request: AdminRequest>(_ request: Request) async throws -> Request.Reply {
        guard let url = URL(httpURLWithSocketPath: path, uri: Request.path) else {
            throw OperatorError(.invalid, "'\(path)' is no path of a socket")
        }
        var message = HTTPClientRequest(url: url.absoluteString)
        message.method = .POST
        // A socket's path is no host, so that the library names none, and a request without one is malformed.
        message.headers = ["Host": "localhost", "Content-Type": "application/json"]
        message.body = .bytes(ByteBuffer(bytes: try WireJSON.encode(request)))
        let status: UInt
        let body: Data
        do {
            let response = try await client.execute(message, timeout: Self.timeout)
            status = response.status.code
            body = Data(buffer: try await response.body.collect(upTo: Self.largestReply))
        } catch {
            throw OperatorError(
                .unavailable, "the running broker does not answer on '\(path)': \(error)",
                hint: "what was asked for may have been done or not; look, and ask again"
            )
        }
        if status == 200 { return try WireJSON.decode(Request.Reply.self, from: body) }
        if let error = try? WireJSON.decode(OperatorError.self, from: body) { throw error }
        if status == 403 {
            throw OperatorError(
                .notPermitted, "the running broker takes admin commands from its own user and from root only",
                hint: "run this as the broker's user"
            )
        }
        throw OperatorError(
            .failed, "the running broker failed to do this (status \(status))", hint: "its log says why")
    }
}
