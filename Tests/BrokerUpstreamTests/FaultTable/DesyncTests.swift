import AsyncHTTPClient
import Broker
import BrokerUpstream
import Foundation
import Testing
import sinch_sandbox

/// One connection, two projects.
@Suite struct DesyncTests {
    @Test func `an answer that nobody asked for never becomes another project's token`() async throws {
        let sandbox = Sandbox(now: { Date() })
        for number in 1...2 {
            try sandbox.registerKey(id: "key-\(number)", secret: "secret", projectID: "project-\(number)")
        }
        sandbox.setFaults([Sandbox.Fault(.wire(.secondAnswer), keyID: "key-1")])
        try await SandboxServer.withRunning(sandbox) { addresses in
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton, configuration: try .upstream(authorities: nil, proxy: nil)
            )
            let address = try #require(URL(string: addresses.http + "/oauth2/token"))
            for _ in 1...10 {
                var tokens: [String] = []
                for number in 1...2 {
                    let key = AccessKey(
                        id: try KeyID("key-\(number)"), project: try ProjectID("project-\(number)"), version: 1,
                        name: nil, tokenEndpoint: nil, scope: .none, state: .active, created: Date(),
                        secret: Sealed(bytes: [])
                    )
                    let minted = try await TokenEndpointClient(client).mint(
                        with: key, secret: Secret("secret"), at: address, scope: .none, patience: .seconds(5)
                    )
                    tokens.append(minted.value.reveal())
                }
                #expect(tokens[0] == WireFault.firstToken)
                #expect(tokens[1].split(separator: ".").count == 3, "minted by the sandbox")
            }
            try await client.shutdown()
        }
    }
}
