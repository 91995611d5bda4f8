import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1
import Synchronization

@testable import TokenBrokerClient

/// Answers as a token broker does, in the way that a test wants.
final class StubBroker: Sendable {
    struct Answer: Sendable {
        var status = 200
        var body: String
        var fields: HTTPFields = [:]

        /// - Parameter number: which token it is
        static func token(_ number: Int, expiresIn: Int = 3599, refreshAfter: Int = 2699) -> Answer {
            Answer(
                body: """
                    {"access_token": "token-\(number)", "expires_at": "2027-01-15T09:00:00Z", \
                    "expires_in": \(expiresIn), "project_id": "p", "refresh_after": \(refreshAfter), "scope": "", \
                    "token_sha256": "\(String(repeating: "\(number)", count: 64))", "token_type": "bearer"}
                    """
            )
        }

        static func error(
            _ status: Int, _ code: String, retryable: Bool, retryAfter: Int? = nil
        ) -> Answer {
            Answer(
                status: status,
                body: """
                    {"error": "\(code)", "error_description": "what to do", "operator_action": "replace_key", \
                    "request_id": "r-1", "retryable": \(retryable)}
                    """,
                fields: retryAfter.map { [.retryAfter: String($0)] } ?? [:]
            )
        }

        static func outcome(_ outcome: String) -> Answer {
            Answer(body: #"{"outcome": "\#(outcome)"}"#)
        }
    }

    private struct State {
        var requests: [String] = []
        var authorizations: [String?] = []
        var port = 0
        var now = ContinuousClock.now
        var answer: @Sendable (_ request: Int) async -> Answer
    }

    /// Guards what was asked, and what is answered.
    private let state: Mutex<State>

    init(_ answer: @escaping @Sendable (_ request: Int) async -> Answer) {
        state = Mutex(State(answer: answer))
    }

    /// What was asked for, as `GET /v1/projects/p/token`.
    var requests: [String] { state.withLock(\.requests) }

    var authorizations: [String?] { state.withLock(\.authorizations) }

    /// - Parameter answer: to each request, which are counted from one
    static func with(
        _ answer: @escaping @Sendable (_ request: Int) async -> Answer,
        _ body: @escaping @Sendable (StubBroker, TokenBroker) async throws -> Void
    ) async throws {
        let stub = StubBroker(answer)
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: stub.responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in bound.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "stub") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await application.run() }
            defer { group.cancelAll() }
            for await port in ports {
                stub.state.withLock { $0.port = port }
                let connection = BrokerConnection(
                    address: .url("http://127.0.0.1:\(port)/"),
                    credentials: BrokerCredentials(clientID: "billing", clientSecret: "tbs_s3cret"), httpClient: .shared
                )
                let silent = Logger(label: "client") { _ in SwiftLogNoOpLogHandler() }
                let broker = TokenBroker(connection, timeout: .seconds(10), logger: silent) {
                    stub.state.withLock(\.now)
                }
                try await body(stub, broker)
                return
            }
        }
    }

    /// Lets time pass for the tokens.
    func advance(by duration: Duration) { state.withLock { $0.now += duration } }

    /// Calls the API that is behind the same port; returns the status.
    func call(with broker: TokenBroker) async throws -> Int {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(state.withLock(\.port))/numbers")
        return Int(try await HTTPClient.shared.execute(request, withTokenOf: "p", from: broker).status.code)
    }

    private var responder: CallbackResponder<BasicRequestContext> {
        CallbackResponder { request, _ in
            let (number, answer) = self.state.withLock { state in
                state.requests.append("\(request.method) \(request.uri.path)")
                state.authorizations.append(request.headers[.authorization])
                return (state.requests.count, state.answer)
            }
            let answered = await answer(number)
            return Response(
                status: .init(code: answered.status), headers: answered.fields,
                body: .init(byteBuffer: .init(string: answered.body))
            )
        }
    }
}
