import ArgumentParser
import AsyncHTTPClient
import Broker
import BrokerHTTP
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Asks the operations listener; prints and exits as Docker's `HEALTHCHECK` wants it: 0 is healthy, 1 is not.
struct Healthcheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Asks the broker whether it is ready.",
        example: "healthcheck")

    @Flag(help: "Print what /health/ready answers, a JSON object.")
    var json = false
    @OptionGroup(visibility: .hidden) var settings: Settings

    func run() async throws {
        let addresses = try Configuration(settings).operations
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        var answer: (status: UInt, body: String)?
        for url in addresses.flatMap({ $0.urls(path: "/health/ready") }) where answer == nil {
            answer = try? await Self.ask(url, client)
        }
        try await client.shutdown()
        guard let answer else {
            throw OperatorError(
                .failed, "the broker does not answer on \(addresses.map(\.description).joined(separator: " or "))",
                hint: "does it run, with this --ops-listen?"
            )
        }
        let isReady = answer.status == 200
        if json {
            print(answer.body)
            if !isReady { throw ExitCode.failure }
        } else {
            guard isReady else { throw OperatorError(.failed, "the broker is not ready: \(answer.body)") }
            print("ready")
        }
    }

    private static func ask(_ url: String, _ client: HTTPClient) async throws -> (status: UInt, body: String) {
        var request = HTTPClientRequest(url: url)
        request.headers = ["Host": "localhost"]
        let response = try await client.execute(request, timeout: .seconds(2))
        return (response.status.code, String(buffer: try await response.body.collect(upTo: 64 * 1024)))
    }
}

extension ListenAddress {
    /// The URLs under which this machine may reach what listens here: an address that stands for all of them is loopback.
    fileprivate func urls(path: String) -> [String] {
        switch self {
        case .unix(let socket): [URL(httpURLWithSocketPath: socket, uri: path)?.absoluteString ?? ""]
        case .tcp("0.0.0.0", let port): ["http://127.0.0.1:\(port)\(path)"]
        case .tcp("::", let port): ["http://127.0.0.1:\(port)\(path)", "http://[::1]:\(port)\(path)"]
        case .tcp: ["http://\(self)\(path)"]
        }
    }
}
