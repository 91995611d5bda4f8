import Broker
import BrokerTesting
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Testing

@testable import BrokerHTTP

struct RequestLogTests {
    private let lines = LineCollector()
    private let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

    private func log() -> RequestLog { RequestLog(of: .client, logger: lines.logger) }

    @Test func `a request is found in the log by the ID that its answer carries`() throws {
        let error = try BrokerError.unauthorizedClient(.grant(for: ProjectID("secret-in-the-wrong-place")))
        let answer = log().answer(to: error, route: "/v1/projects/{projectId}/token")
        let body = try #require(
            try JSONSerialization.jsonObject(with: Data(answer.body.readableBytesView)) as? [String: Any]
        )
        let id = try #require(body["request_id"] as? String)
        #expect(id.count == 32 && lines.lines.count == 1)
        for part in [id, "request.refused", "403", "no grant for the project", "/v1/projects/{projectId}/token"] {
            #expect(lines.lines[0].contains(part))
        }
        #expect(!lines.lines[0].contains("secret-in-the-wrong-place"))
    }

    @Test func `what is our own fault says why in the log, and not in the answer`() {
        let answer = log().answer(to: CocoaError(.fileNoSuchFile))
        #expect(lines.lines(from: .error).count == 1 && lines.lines[0].contains("Cocoa"))
        #expect(!String(buffer: answer.body).contains("Cocoa"))
    }

    @Test func `whoever keeps asking wrongly does not fill the log, nor hide what is our own fault`() {
        let log = log()
        for _ in 0..<1000 { _ = log.answer(to: BrokerError.invalidScope) }
        let refused = lines.lines.count
        #expect((20...40).contains(refused))
        _ = log.answer(to: CocoaError(.fileNoSuchFile))
        #expect(lines.lines.count == refused + 1)
    }

    @Test func `a trace's ID is the request's`() {
        #expect(RequestID.of(["traceparent": "00-\(traceID)-00f067aa0ba902b7-01"]).description == traceID)
        #expect(RequestID.of(["traceparent": "01-\(traceID)-00f067aa0ba902b7-01-more"]).description == traceID)
    }

    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473\u{e9}-00f067aa0ba902b7-01", "00-\"},{\"event\":\"x\"-00f067aa0ba902b7-01",
    ])
    func `what is no trace's ID is none`(parent: String) {
        let (one, other) = (RequestID.of(["traceparent": parent]), RequestID.of(["traceparent": parent]))
        #expect(one.description != other.description && one.description.count == 32)
        #expect(one.description.allSatisfy { "0123456789abcdef".contains($0) })
    }

    @Test func `two traces are none`() {
        let parent = "00-\(traceID)-00f067aa0ba902b7-01"
        #expect(RequestID.of(["traceparent": parent, "Traceparent": parent]).description != traceID)
    }
}
