import Broker
import BrokerTesting
import BrokerUpstream
import Foundation
import Testing
import sinch_sandbox

/// The client of the token endpoint against the sandbox, over real sockets.
struct TokenEndpointClientTests {
    let sandbox = Sandbox(now: { Date() })
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func mint(
        keyID: String = "key-1", secret: String = "s3cret~-._", path: String = "/oauth2/token", tls: Bool = false,
        trusting authorities: String? = nil
    ) async throws -> Broker.MintedToken {
        try sandbox.registerKey(id: "key-1", secret: "s3cret~-._", projectID: "project-1")
        var configuration = SandboxServer.Configuration()
        configuration.httpsPort = 0
        configuration.caFile = folder.path + "/ca.pem"
        let outcome: Result<Broker.MintedToken, any Error> = try await SandboxServer.withRunning(
            sandbox, configuration: configuration
        ) { addresses in
            let client = try UpstreamClient(.test(trusting: authorities))
            let base = tls ? try #require(addresses.https) : addresses.http
            let key = try Broker.AccessKey.test(keyID, tokenEndpoint: URL(string: base + path))
            let outcome: Result<Broker.MintedToken, any Error>
            do {
                outcome = .success(
                    try await TokenEndpointClient(client, clock: SystemClock()).mint(
                        with: key, secret: Secret(secret), at: try #require(key.tokenEndpoint), scope: .none
                    )
                )
            } catch {
                outcome = .failure(error)
            }
            try await client.shutdown()
            return outcome
        }
        return try outcome.get()
    }

    @Test func `a token and its lifetime come back`() async throws {
        let token = try await mint()
        #expect(token.expiresIn == 3599)
        #expect(token.value.reveal().split(separator: ".").count == 3)
        #expect(sandbox.counters.tokenRequests == 1)
    }

    @Test func `over TLS only an authority that is trusted is spoken to`() async throws {
        await #expect(throws: MintFailure.self) { try await mint(tls: true) }
        #expect(sandbox.counters.tokenRequests == 0, "nothing was sent before the certificate was verified")
        _ = try await mint(tls: true, trusting: folder.path + "/ca.pem")
    }

    @Test func `a wrong secret and an unknown key are refused`() async throws {
        await #expect(throws: MintFailure.keyRefused) { try await mint(secret: "wrong") }
        await #expect(throws: MintFailure.keyRefused) { try await mint(keyID: "unknown") }
    }

    @Test(arguments: [
        (CannedAnswer(status: 429), MintFailure.throttled(retryAfter: nil)),
        (CannedAnswer(status: 429, headers: ["Retry-After": "2"]), .throttled(retryAfter: .seconds(2))),
        (CannedAnswer(status: 500), .unavailable("status 500")),
        (CannedAnswer(status: 503), .unavailable("status 503")),
        (CannedAnswer(status: 408), .unavailable("status 408")), (CannedAnswer(status: 403), .refused("status 403")),
        (CannedAnswer(status: 302, headers: ["Location": "/oauth2/token"]), .refused("status 302")),
        (CannedAnswer(status: 307, headers: ["Location": "/oauth2/token"]), .refused("status 307")),
        (CannedAnswer(status: 400, body: #"{"error":"invalid_scope"}"#), .refused("status 400, invalid_scope")),
        (CannedAnswer(status: 400, body: #"{"error":"invalid_client"}"#), .keyRefused),
        (CannedAnswer(status: 200, body: "<html>"), .garbled("not the JSON of RFC 6749 §5.1")),
        (CannedAnswer(status: 200, body: String(repeating: " ", count: 65 * 1024)), .garbled("more than 64 KiB")),
    ])
    func `each answer is known for what it is, and no redirect is followed`(
        answer: CannedAnswer, failure: MintFailure
    ) async throws {
        sandbox.setFaults([Sandbox.Fault(.answer(answer), times: 1)])
        await #expect(throws: failure) { try await mint() }
        #expect(sandbox.counters.tokenRequests == 1)
    }

    @Test(arguments: ["/nowhere/ca.pem", "/dev/null"])
    func `a file without authorities is refused, and the flag is named`(path: String) throws {
        let error = #expect(throws: OperatorError.self) { try UpstreamClient(.test(trusting: path)) }
        #expect(error?.message.contains("--upstream-ca-file") == true)
    }

    @Test func `a server that is not there is unavailable`() async throws {
        let client = try UpstreamClient(.test())
        let key = try Broker.AccessKey.test(tokenEndpoint: URL(string: "http://127.0.0.1:1/oauth2/token"))
        let error = await #expect(throws: MintFailure.self) {
            try await TokenEndpointClient(client, clock: SystemClock()).mint(
                with: key, secret: Secret("s"), at: try #require(key.tokenEndpoint), scope: .none
            )
        }
        #expect(error?.outcome == "unavailable")
        try await client.shutdown()
    }
}
