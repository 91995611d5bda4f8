import Foundation
import Testing

@testable import sinch_sandbox

struct WireFaultTests {
    @Test(arguments: WireFault.allCases)
    func `each fault is what it is called, on the wire`(fault: WireFault) async throws {
        try await SandboxClient.withSandbox { client, sandbox in
            sandbox.setFaults([Sandbox.Fault(.wire(fault))])
            let (bytes, end) = try await RawConnection(address: client.address).exchange(
                // Only where nothing is to come is time what is waited for.
                for: fault == .hangBeforeHead ? 1 : 30, until: { fault.hasShown($0) }
            )
            let text = String(decoding: bytes, as: UTF8.self)
            let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
            let (head, body) = (parts.first ?? "", parts.count == 2 ? String(parts[1]) : "")
            let whole = RawAnswer.body(token: WireFault.brokenToken)
            let half = String(whole.prefix(whole.utf8.count / 2))

            switch fault {
            case .hangBeforeHead: #expect((text, end) == ("", .stillOpen))
            case .hangInBody: #expect((body, end) == (half, .stillOpen))
            case .dripHead: #expect("HTTP/1.1".hasPrefix(text) && text.count >= 2 && end == .stillOpen)
            case .dripBody: #expect(whole.hasPrefix(body) && body.count >= 2 && end == .stillOpen)
            case .resetBeforeHead: #expect((text, end) == ("", .reset))
            case .resetInBody: #expect(half.hasPrefix(body) && end == .reset)
            case .truncated: #expect((body, end) == (half, .finished))
            case .lengthTooShort:
                #expect((body, end) == (whole, .stillOpen))
                #expect(head.hasSuffix("Content-Length: \(whole.utf8.count - 2)"))
            case .lengthTooLong:
                #expect((body, end) == (whole, .finished))
                #expect(head.hasSuffix("Content-Length: \(whole.utf8.count + 1)"))
            case .endlessBody: #expect(head.hasSuffix("chunked") && end == .stillOpen)
            case .gzipBomb: #expect(bytes.count > 60_000 && head.contains("Content-Encoding: gzip"))
            case .garbage: #expect(!text.isEmpty && !text.contains("HTTP") && end == .stillOpen)
            case .secondAnswer: #expect(text.contains(WireFault.firstToken) && text.contains(WireFault.secondToken))
            }
        }
    }

    @Test(arguments: [WireFault.hangBeforeHead, .dripHead, .endlessBody])
    func `a fault ends with the sandbox`(fault: WireFault) async throws {
        let sandbox = Sandbox(now: { Date() })
        sandbox.setFaults([Sandbox.Fault(.wire(fault))])
        let exchange = try await SandboxServer.withRunning(sandbox) { addresses in
            let exchange = Task { try await RawConnection(address: addresses.http).exchange(for: 30) }
            while sandbox.counters.faultsServed == 0 { await Task.yield() }
            return exchange
        }
        let end = try await exchange.value.end
        #expect(end != .stillOpen)
    }

    @Test func `faults of both kinds are set in one list and read back`() async throws {
        try await SandboxClient.withSandbox { client, sandbox in
            let faults = """
                {"faults":[{"key_id":"key-1","kind":"drip_head","times":3},\
                {"body":"","headers":{},"key_id":null,"status":503,"times":null}]}
                """
            let answer = try await client.send("PUT", "/sandbox/faults", body: faults)
            #expect(answer.body == faults)
            #expect(sandbox.faults.first == Sandbox.Fault(.wire(.dripHead), times: 3, keyID: "key-1"))
        }
    }

    @Test(arguments: [#"{"kind":"drip"}"#, #"{"kind":"drip_head","status":200}"#, #"{"kind":"drip_head","every":1}"#])
    func `a fault that there is not is refused`(fault: String) async throws {
        try await SandboxClient.withSandbox { client, sandbox in
            let answer = try await client.send("PUT", "/sandbox/faults", body: #"{"faults":[\#(fault)]}"#)
            #expect(answer.status == 400)
            #expect(sandbox.faults.isEmpty)
        }
    }

    @Test func `requests with an Authorization field are counted, wherever they go`() async throws {
        try await SandboxClient.withSandbox { client, _ in
            _ = try await client.token()
            _ = try await client.send("GET", "/nowhere", headers: ["Authorization": "Basic eDp5"])
            _ = try await client.send("GET", "/nowhere")
            let counters = try await client.send("GET", "/sandbox/counters")
            #expect(counters.body.contains(#""authorization_seen":{"http":2,"https":0}"#))
        }
    }
}

extension WireFault {
    /// Whether enough has come to tell that a fault whose connection stays open is there.
    fileprivate func hasShown(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        let body = parts.count == 2 ? parts[1] : ""
        let whole = RawAnswer.body(token: Self.brokenToken)
        return switch self {
        case .hangBeforeHead, .resetBeforeHead, .resetInBody, .truncated, .lengthTooLong: false
        case .hangInBody: body.utf8.count >= whole.utf8.count / 2
        case .dripHead: bytes.count >= 2
        case .dripBody: body.utf8.count >= 2
        case .lengthTooShort: body.utf8.count >= whole.utf8.count
        case .endlessBody: bytes.count >= 4 << 20
        case .gzipBomb: bytes.count > 60_000
        case .garbage: !bytes.isEmpty
        case .secondAnswer: text.contains(Self.firstToken) && text.contains(Self.secondToken)
        }
    }
}
