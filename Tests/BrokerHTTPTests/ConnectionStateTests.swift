import Broker
import NIOCore
import NIOHTTP1
import Testing

@testable import BrokerHTTP

@Suite struct ConnectionStateTests {
    private let state = ConnectionState(Peer(.unknown), at: .uptimeNanoseconds(0))

    private func receive(_ text: String) -> Bool { state.receive(ByteBuffer(string: text), at: .uptimeNanoseconds(0)) }

    private func begin(_ fields: HTTPHeaders = ["Host": "a"]) -> RequestRefusal? {
        state.begin(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: fields))
    }

    @Test func `nothing is received any more once the last request has come, however much comes`() {
        #expect(receive("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET"))
        #expect(begin(["Host": "a", "Connection": "close"]) == nil)
        #expect(state.endRequest(at: .uptimeNanoseconds(0)).readableBytes == 46)
        #expect(!receive("x"))
        state.end()
        #expect(!receive("x"))
    }

    @Test func `nothing is received any more behind what is refused`() {
        #expect(receive("GARBAGE\r\n\r\n"))
        #expect(begin() == .notHTTP)
        state.refuse(.notHTTP)
        #expect(!receive("x"))
    }

    @Test func `each request has its own bytes`() {
        #expect(receive("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcG"))
        #expect(begin() == nil)
        #expect(state.endRequest(at: .uptimeNanoseconds(0)) == ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(begin(["Content-Length": "3"]) == nil)
        let second = state.endRequest(at: .uptimeNanoseconds(0))
        #expect(second == ByteBuffer(string: "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"))
        #expect(state.headSince != nil, "the next one has begun")
    }
}
