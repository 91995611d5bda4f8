import AsyncHTTPClient
import Broker
import BrokerHTTP
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Has an operator's requests done by the running broker, over its admin socket.
struct AdminSocketClient: Administration {
    /// For a broker that does nothing at all.
    private static let shortestTimeout: TimeAmount = .seconds(2)
    private static let largestReply = 256 * 1024 * 1024

    private let client: HTTPClient
    private let path: String

    init(_ client: HTTPClient, path: String) {
        self.client = client
        self.path = path
    }

    func perform<Request: AdminRequest>(_ request: Request) async throws -> Request.Reply {
        let asked = try WireJSON.encode(request)
        guard asked.count <= AdminRoutes.largestRequest else {
            throw OperatorError(
                .invalid, "this is more than a running broker takes at once: \(asked.count) bytes", hint: "ask in parts"
            )
        }
        let (status, body) = try await answer(
            to: .POST, Request.path, asked, within: TimeAmount(request.timeout),
            hint: "what was asked for may have been done or not; look, and ask again"
        )
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

    /// Throws ``OperatorError`` where a broker listens and answers nothing.
    func probe() async throws {
        _ = try await answer(
            to: .GET, AdminRoutes.probe, Data(), within: Self.shortestTimeout,
            hint: "it is there and does nothing, or its machine is too busy; nothing was asked of it"
        )
    }

    private func answer(
        to method: HTTPMethod, _ target: String, _ body: Data, within timeout: TimeAmount, hint: String
    ) async throws -> (status: UInt, body: Data) {
        guard let url = URL(httpURLWithSocketPath: path, uri: target) else {
            throw OperatorError(.invalid, "'\(path)' is no path of a socket")
        }
        var message = HTTPClientRequest(url: url.absoluteString)
        message.method = method
        // A socket's path is no host, so that the library names none, and a request without one is malformed.
        message.headers = ["Host": "localhost", "Content-Type": "application/json"]
        message.body = .bytes(ByteBuffer(data: body))
        do {
            let response = try await client.execute(message, timeout: timeout)
            return (response.status.code, Data(buffer: try await response.body.collect(upTo: Self.largestReply)))
        } catch let error as OperatorError {
            throw error
        } catch {
            let reason = error as? HTTPClientError == .deadlineExceeded ? "nothing came" : error.connectionReason
            throw OperatorError(
                .unavailable, "the running broker does not answer on '\(path)': \(reason)", hint: hint
            )
        }
    }
}

extension HTTPClient.Configuration {
    /// For the admin socket: nothing is sent to anybody but the broker's user.
    ///
    /// Where others can write to the socket's directory, they can put a socket of their own in its place.
    static func adminSocket(_ path: String, users: Set<UInt32>) -> Self {
        var configuration = Self()
        // A broker that is gone since it was looked for does not come back for this.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            Peer.of(channel).flatMapThrowing { peer in
                guard let user = peer.user, users.contains(user) else {
                    let who = peer.user.map { "user \($0)" } ?? "somebody of another user namespace"
                    throw OperatorError(
                        .notPermitted,
                        "\(who) listens on '\(path)', who is neither this user, root nor the owner of the data directory: "
                            + "nothing was sent",
                        hint:
                            "if that is the broker's user, run this as that user, or name the data directory with --data-dir"
                    )
                }
            }
        }
        return configuration
    }
}
