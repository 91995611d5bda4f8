import Broker
import BrokerTesting
import Foundation
import Testing

@testable import sinch_sandbox

struct TrunkTests {
    let clock = ManualClock()

    @Test func `an expired token is called expired`() async throws {
        try await SandboxClient.withSandbox(clock: clock) { client, _ in
            let token = try await client.token()["access_token"]
            clock.advance(by: .seconds(3598))
            #expect(try await client.trunks(token: token).status == 200)

            clock.advance(by: .seconds(1))
            let refused = try await client.trunks(token: token)
            #expect(refused.status == 401)
            #expect(
                refused.header("www-authenticate") == """
                    Bearer error="invalid_token", error_description="Jwt expired at 2027-01-15T08:59:59Z", \
                    error_uri="https://tools.ietf.org/html/rfc6750#section-3.1"
                    """
            )
        }
    }

    @Test func `tokens that were declared expired are, later ones are not`() async throws {
        try await SandboxClient.withSandbox { client, _ in
            let old = try await client.token()["access_token"]
            #expect(try await client.send("POST", "/sandbox/tokens/expire").status == 204)
            let new = try await client.token()["access_token"]

            #expect(try await client.trunks(token: old).header("www-authenticate")?.contains("expired") == true)
            #expect(try await client.trunks(token: new).status == 200)
        }
    }

    @Test func `a token of another project or of another sandbox is refused`() async throws {
        try await SandboxClient.withSandbox { client, sandbox in
            let token = try await client.token()["access_token"]
            #expect(try await client.trunks(token: token, project: "project-2").status == 403)

            let other = Sandbox(now: { clock.now.wall })
            try other.registerKey(id: "key-1", secret: "s3cr~et", projectID: "project-1")
            let foreign = try other.mint(keyID: "key-1", secret: "s3cr~et").accessToken
            #expect(try await client.trunks(token: foreign).status == 401)
            #expect(sandbox.counters.apiUnauthorized == 2)
        }
    }

    @Test func `a replaced trunk keeps nothing of what it was`() async throws {
        try await SandboxClient.withSandbox { client, _ in
            let authorization = ["Authorization": "Bearer \(try await client.token()["access_token"] ?? "")"]
            let created = try await client.send(
                "POST", "/v1/projects/project-1/trunks",
                body: #"{"name": "Acme", "hostName": "acme-1", "enableCallerName": true}"#, headers: authorization
            )
            #expect(created["domain"] == "acme-1.pstn.sinch.com")
            #expect(created.body.contains(#""enableCallerName":true"#))

            let replaced = try await client.send(
                "PUT", "/v1/projects/project-1/trunks/\(created["id"] ?? "")",
                body: #"{"name": "Acme", "hostName": "acme-2"}"#, headers: authorization
            )
            #expect(replaced["domain"] == "acme-2.pstn.sinch.com")
            #expect(replaced.body.contains(#""enableCallerName":false"#))
        }
    }
}
