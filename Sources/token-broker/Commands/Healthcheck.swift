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
        let address = try Configuration(settings).operations
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let answer: (status: UInt, body: String)
        do {
            var request = HTTPClientRequest(url: address.url(path: "/health/ready"))
            request.headers = ["Host": "localhost"]
            let response = try await client.execute(request, timeout: .seconds(2))
            answer = (response.status.code, String(buffer: try await response.body.collect(upTo: 64 * 1024)))
        } catch {
            try await client.shutdown()
            throw OperatorError(
                .failed, "the broker does not answer on \(address)",
                hint: "does it run, with this --ops-listen?"
            )
        }
        try await client.shutdown()
        let isReady = answer.status == 200
        if json {
            print(answer.body)
            if !isReady { throw ExitCode.failure }
        } else {
            guard isReady else { throw OperatorError(.failed, "the broker is not ready: \(answer.body)") }
            print("ready")
        }
    }
}

extension ListenAddress {
    /// The URL under which this machine reaches what listens here: an address that stands for all of them is loopback.
    fileprivate func url(path: String) -> String {
        switch self {
        case .unix(let socket): URL(httpURLWithSocketPath: socket, uri: path)?.absoluteString ?? ""
        case .tcp("0.0.0.0", let port): "http://127.0.0.1:\(port)\(path)"
        case .tcp("::", let port): "http://[::1]:\(port)\(path)"
        case .tcp: "http://\(self)\(path)"
        }
    }
}
