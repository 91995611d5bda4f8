import BrokerTesting
import Foundation
import Testing

@testable import sinch_sandbox

struct TokenEndpointTests {
    @Test func `a token comes in Hydra's words and with Hydra's headers`() async throws {
        try await SandboxClient.withSandbox { client, _ in
            let answer = try await client.token()

            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "application/json;charset=UTF-8")
            #expect(answer.header("Cache-Control") == "no-store")
            #expect(answer.header("Pragma") == "no-cache")
            let token = try #require(answer["access_token"])
            #expect(token.split(separator: ".").count == 3)
            #expect(
                answer.body
                    == #"{"access_token":"\#(token)","expires_in":3599,"scope":"","token_type":"bearer"}"#
            )
        }
    }

    @Test func `both halves of Basic are form-decoded`() async throws {
        try await SandboxClient.withSandbox { client, _ in
            let encoded = try await client.token(keyID: "key%2D1", secret: "s3cr%7Eet")
            #expect(encoded.status == 200)
            let malformed = try await client.token(keyID: "key%zz1")
            #expect(malformed.status == 400)
        }
    }

    @Test func `a wrong secret and an unknown key are the same`() async throws {
        try await SandboxClient.withSandbox { client, sandbox in
            let wrong = try await client.token(secret: "wrong")
            let unknown = try await client.token(keyID: "unknown")

            #expect((wrong.status, wrong["error"]) == (401, "invalid_client"))
            #expect(wrong.header("WWW-Authenticate") == nil)
            #expect((unknown.status, unknown.body) == (wrong.status, wrong.body))
            #expect(sandbox.counters.invalidClient == 2)
        }
    }

    @Test(arguments: [
        ("", "invalid_request"),
        ("scope=", "invalid_request"),
        ("grant_type=password", "invalid_request"),
        ("grant_type=client_credentials&scope=sms", "invalid_scope"),
        ("grant_type=client_%zz", "invalid_request"),
    ])
    func `a request that asks for something else is refused`(form: String, error: String) async throws {
        try await SandboxClient.withSandbox { client, _ in
            let answer = try await client.token(form: form)
            #expect((answer.status, answer["error"]) == (400, error))
        }
    }

    @Test func `the gateway lets thirty through, then ten a second`() async throws {
        let clock = ManualClock()
        try await SandboxClient.withSandbox(clock: clock) { client, sandbox in
            for _ in 1...30 {
                #expect(try await client.token().status == 200)
            }
            let refused = try await client.token()
            #expect((refused.status, refused.body) == (429, ""))
            #expect(refused.header("x-envoy-ratelimited") == "true")
            #expect(refused.header("Retry-After") == nil)

            clock.advance(by: .seconds(0.1))
            #expect(try await client.token().status == 200)
            #expect(try await client.token().status == 429)
            #expect(sandbox.counters.rateLimited == 2)
        }
    }

    @Test func `faults come in order, as often as they say, for the key they name`() async throws {
        try await SandboxClient.withSandbox { client, sandbox in
            let answer = try await client.send(
                "PUT", "/sandbox/faults",
                body: """
                    {"faults": [
                        {"status": 503, "headers": {"Retry-After": "2"}, "body": "busy", "times": 1, "key_id": "key-1"},
                        {"status": 500, "times": 1}
                    ]}
                    """
            )
            #expect(answer.status == 200)

            #expect(try await client.token(keyID: "other").status == 500)
            let busy = try await client.token()
            #expect((busy.status, busy.body, busy.header("Retry-After")) == (503, "busy", "2"))
            #expect(try await client.token().status == 200)
            #expect(sandbox.counters.faultsServed == 2)
        }
    }
}
