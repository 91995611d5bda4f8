import Broker
import BrokerTesting
import Foundation
import FoundationNetworking
import Testing

@testable import sinch_sandbox

/// Talks to a running sandbox as its users do.
struct SandboxClient {
    struct Answer {
        let status: Int
        let body: String
        private let response: HTTPURLResponse

        init(_ body: Data, _ response: HTTPURLResponse) {
            self.status = response.statusCode
            self.body = String(decoding: body, as: UTF8.self)
            self.response = response
        }

        func header(_ name: String) -> String? {
            response.value(forHTTPHeaderField: name)
        }

        /// A field of the body, if the body is an object and the field a string.
        subscript(field: String) -> String? {
            (try? JSONDecoder().decode([String: AnyField].self, from: Data(body.utf8)))?[field]?.text
        }
    }

    let address: String

    /// Runs the body against a sandbox that has the key `key-1` of the project `project-1`.
    static func withSandbox(
        clock: ManualClock = ManualClock(), _ body: (SandboxClient, Sandbox) async throws -> Void
    ) async throws {
        let sandbox = Sandbox(now: { clock.now.wall })
        try sandbox.registerKey(id: "key-1", secret: "s3cr~et", projectID: "project-1")
        try await SandboxServer.withRunning(sandbox) { addresses in
            try await body(SandboxClient(address: addresses.http), sandbox)
        }
    }

    func send(
        _ method: String, _ path: String, body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: address + path)))
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        for (name, value) in headers {
            request.setValue(value, forHTTPHeaderField: name)
        }
        let (data, response) = try await URLSession.shared.data(for: request)
        return Answer(data, try #require(response as? HTTPURLResponse))
    }

    func token(
        form: String = "grant_type=client_credentials", keyID: String = "key-1", secret: String = "s3cr~et"
    ) async throws -> Answer {
        try await send(
            "POST", "/oauth2/token", body: form,
            headers: [
                "Authorization": "Basic " + Data("\(keyID):\(secret)".utf8).base64EncodedString(),
                "Content-Type": "application/x-www-form-urlencoded",
            ])
    }

    func trunks(token: String?, project: String = "project-1") async throws -> Answer {
        try await send(
            "GET", "/v1/projects/\(project)/trunks",
            headers: [
                "Authorization": "Bearer \(try #require(token))"
            ])
    }
}

/// A field that may be text or anything else.
private struct AnyField: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
        text = try? decoder.singleValueContainer().decode(String.self)
    }
}
