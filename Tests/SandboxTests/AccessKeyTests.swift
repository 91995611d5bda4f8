import BrokerTesting
import Foundation
import Testing

@testable import sinch_sandbox

struct AccessKeyTests {
    let clock = ManualClock()

    @Test func `a deleted key mints no more`() async throws {
        try await SandboxClient.withSandbox { client, _ in
            let deleted = try await client.send("DELETE", "/v1/projects/project-1/accessKeys/key-1")
            #expect(deleted.status == 200)
            #expect(try await client.token()["error"] == "invalid_client")
        }
    }

    @Test func `the tokens of a deleted key die a minute later`() async throws {
        try await SandboxClient.withSandbox(clock: clock) { client, sandbox in
            let token = try await client.token()["access_token"]
            sandbox.deleteKey(id: "key-1")

            clock.advance(by: .seconds(59))
            #expect(try await client.trunks(token: token).status == 200)
            clock.advance(by: .seconds(1))
            let dead = try await client.trunks(token: token)
            #expect(dead.status == 401)
            #expect(dead.header("www-authenticate")?.contains("expired") == false)
        }
    }

    @Test func `a project has at most ten keys`() async throws {
        try await SandboxClient.withSandbox { client, _ in
            for _ in 2...10 {
                let created = try await client.send("POST", "/v1/projects/project-1/accessKeys")
                #expect(created.status == 200)
            }
            let refused = try await client.send("POST", "/v1/projects/project-1/accessKeys")
            #expect(refused.status == 409)
        }
    }
}
