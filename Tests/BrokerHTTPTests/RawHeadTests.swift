import NIOCore
import NIOHTTP1
import Testing

@testable import BrokerHTTP

/// The rules on a head by themselves: the decoder keeps some of them as well, and must not be the only one.
@Suite struct RawHeadTests {
    private func length(_ text: String) -> Int? {
        ByteBuffer(string: text).withUnsafeReadableBytes { RawHead($0)?.length }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX:\tb c\r\nY:\r\nZ: é\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func `a head ends with its empty line`(text: String) {
        #expect(length(text) == text.utf8.count)
        #expect(length(text + "GET") == text.utf8.count)
    }

    @Test(arguments: [
        "", "\r\n", "GET / HTTP/1.1", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r",
        "GET / HTTP/1.1\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\n\n", "\nGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nX: a\u{0}b\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\u{7F}\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n", "GET /  HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
        "GET / HTTP /1.1\r\n\r\n", "GET\t/ HTTP/1.1\r\n\r\n", "GET /\ta HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nX : a\r\n\r\n", "GET / HTTP/1.1\r\nX\t: a\r\n\r\n", "GET / HTTP/1.1\r\n X: a\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", "GET / HTTP/1.1\r\n: a\r\n\r\n", "GET / HTTP/1.1\r\nX\r\n\r\n",
    ])
    func `what has another reading, or no end, is no head`(text: String) {
        #expect(length(text) == nil)
    }

    @Test(
        arguments: [
            ["Content-Length": "1", "Transfer-Encoding": "chunked"], ["Transfer-Encoding": "gzip"],
            ["Transfer-Encoding": "chunked, chunked"],
        ] as [HTTPHeaders])
    func `a body has one length`(fields: HTTPHeaders) {
        let host = HTTPHeaders([("Host", "a")] + Array(fields))
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: host)
        guard case .malformed? = head.refusal(largestBody: 10) else {
            Issue.record("it is let through")
            return
        }
    }
}
