import Broker
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import BrokerHTTP

/// The rules on a connection without a socket: bytes in, bytes out.
@MainActor struct ConformanceTests {
    let channel: EmbeddedChannel

    init() throws {
        channel = EmbeddedChannel()
        let state = ConnectionState(Peer(.unknown), at: channel.embeddedEventLoop.now)
        try channel.pipeline.syncOperations.addHandlers(
            handlers(state, cache: nil, largestBody: 16 * 1024, log: .silent))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func send(_ text: String) {
        // What is malformed comes out of the pipeline as an error as well.
        _ = try? channel.writeInbound(ByteBuffer(string: text))
        channel.embeddedEventLoop.run()
    }

    private func answer() throws {
        try channel.writeOutbound(WholeResponse(body: ByteBuffer()))
    }

    /// What went out, as text.
    private func sent() throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }

    private func requests() throws -> Int {
        var requests = 0
        while try channel.readInbound(as: WholeRequest.self) != nil { requests += 1 }
        return requests
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX\t: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 \r\nContent-Length: 1\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\na\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/0.9\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
        "GET a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func `what is not a request gets one 400 and no other`(text: String) throws {
        send(text)
        let sent = try sent()
        #expect(sent.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(sent.contains("Connection: close\r\n"))
        #expect(sent.contains("Cache-Control: no-store\r\n"))
        #expect(sent.contains(#""error":"invalid_request""#))
        #expect(try requests() == 0)
        send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try requests() == 0)
        #expect(try self.sent().isEmpty)
    }

    @Test func `too long a head gets 431`() throws {
        send("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 17_000) + "\r\n\r\n")
        #expect(try sent().hasPrefix("HTTP/1.1 431 "))
    }

    @Test func `a malformed message waits until those before it are answered`() throws {
        send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n")
        #expect(try requests() == 2)
        #expect(try sent().isEmpty)
        try answer()
        #expect(try sent().hasPrefix("HTTP/1.1 200 OK"))
        try answer()
        let last = try sent()
        #expect(last.hasPrefix("HTTP/1.1 200 OK") && last.contains("HTTP/1.1 400 Bad Request"))
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nProxy-Connection: a, close\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ])
    func `a connection that is to close closes with the answer`(text: String) throws {
        send(text + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try requests() == 1, "what follows a close is not read")
        try answer()
        #expect(try sent().contains("Connection: close\r\n"))
    }

    @Test(arguments: [
        "Content-Length: 16385\r\n\r\n", "Content-Length: 16385\r\nExpect: 100-continue\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n4001\r\n" + String(repeating: "a", count: 16_385),
    ])
    func `too long a body is refused before it has been read whole`(rest: String) throws {
        send("POST / HTTP/1.1\r\nHost: a\r\n" + rest)
        #expect(try requests() == 0)
        let answer = try sent()
        #expect(answer.hasPrefix("HTTP/1.1 413 ") && answer.contains("Connection: close\r\n"))
        send(String(repeating: "a", count: 10_000))
        #expect(try requests() == 0)
        #expect(try sent().isEmpty)
    }

    @Test func `as long a body as may be is read, however it comes`() throws {
        let body = String(repeating: "a", count: 16_384)
        send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16384\r\n\r\n" + body)
        #expect(try #require(try channel.readInbound(as: WholeRequest.self)).body == ByteBuffer(string: body))
        send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for character in body.prefix(100) { send("1;a=b\r\n\(character)\r\n") }
        send("3f9c\r\n\(body.dropFirst(100))\r\n0\r\n\r\n")
        #expect(try #require(try channel.readInbound(as: WholeRequest.self)).body == ByteBuffer(string: body))
    }

    @Test func `a body that says itself how long it is ends the connection`() throws {
        send(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        #expect(try requests() == 1)
        try answer()
        let sent = try sent()
        #expect(sent.contains("Connection: close\r\n"))
        #expect(sent.ranges(of: "HTTP/1.1 ").count == 1, "what is behind it is nobody's")
    }

    @Test func `a client that waits for 100 Continue is told to go on`() throws {
        send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        #expect(try sent() == "HTTP/1.1 100 Continue\r\n\r\n")
        send("abc")
        try answer()
        let sent = try sent()
        #expect(sent.hasPrefix("HTTP/1.1 200 OK") && !sent.contains("Connection: close"))
    }

    @Test func `an offer to upgrade is ignored, and the next request read`() throws {
        let offer =
            "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
        send(offer + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3")
        #expect(try requests() == 2)
        send(" HTTP/1.1\r\nHost: a\r\n\r\n" + offer)
        #expect(try requests() == 2)
        for _ in 0..<4 { try answer() }
        #expect(try !sent().contains("Connection: close"))
        send("GARBAGE\r\n\r\n")
        #expect(try sent().hasPrefix("HTTP/1.1 400 "))
    }

    /// Some offer nothing, and to some parsers all the same.
    @Test(arguments: ["", " ", "\t", ",", ", h2c", "h2c,", "a b", "h2c\r\nUpgrade:", "\r\nUpgrade: h2c", "\"h2c\""])
    func `whatever is offered, and as often as it is, the next request is read`(upgrade: String) throws {
        for connection in [
            "Upgrade", "upgrade", "keep-alive, Upgrade", "upgrade,", ", upgrade", "upgrade a", "a upgrade",
            "Upgrade\r\nConnection: a", "a\r\nConnection: Upgrade", "\"upgrade\"", "upgrade;a", "",
            "a\r\nProxy-Connection: upgrade", "\r\nproxy-connection: a, Upgrade",
        ] {
            let offer = "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: \(connection)\r\nUpgrade:\(upgrade)\r\n\r\n"
            let posted = offer.replacing("GET", with: "POST").replacing(
                "\r\n\r\n", with: "\r\nContent-Length: 3\r\n\r\nabc")
            send(offer + offer + posted + posted + offer + "GET /2 HTTP/1.1\r\nHo")
            #expect(try requests() == 5, "\(connection)")
            send("st: a\r\n\r\n" + offer.dropLast())
            #expect(try requests() == 1, "\(connection)")
            send("\r\n")
            #expect(try requests() == 1, "\(connection)")
            for _ in 0..<7 { try answer() }
            #expect(try !sent().contains("Connection: close"), "\(connection)")
        }
    }

    @Test(arguments: ["upgrade\t", "a\t, upgrade", "\tupgrade\t", "a\r\nProxy-Connection: upgrade\t"])
    func `a tab in the Connection field is refused, and nothing behind it is read`(connection: String) throws {
        let offer = "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: \(connection)\r\nUpgrade: h2c\r\n\r\n"
        send(offer + "GET /2 HTTP/1.1\r\nHo")
        #expect(try sent().hasPrefix("HTTP/1.1 400 "))
        send("st: a\r\n\r\n")
        #expect(try requests() == 0)
    }

    @Test(arguments: [" ", "  "]) func `white space behind a value is not part of it`(space: String) throws {
        send(
            "POST / HTTP/1.1\r\nHost: a\(space)\t\r\nContent-Length: 3\(space)\r\n\r\nabc"
                + "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\(space)\r\n\r\n0\r\n\r\n"
        )
        let first = try #require(try channel.readInbound(as: WholeRequest.self))
        #expect(first.head.headers["Host"] == ["a"] && first.body.readableBytes == 3)
        #expect(try requests() == 1)
        #expect(try sent().isEmpty)
    }

    @Test func `an absolute target stands for its path and its authority for the host`() throws {
        send("GET http://evil.example:1/a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let head = try #require(try channel.readInbound(as: WholeRequest.self)).head
        #expect(head.uri == "/a?b=c")
        #expect(head.headers["Host"] == ["evil.example:1"])
    }

    @Test(arguments: ["http://localhost@evil/", "ftp://localhost/", "http:///x", "x"])
    func `any other target is malformed`(target: String) throws {
        send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try sent().hasPrefix("HTTP/1.1 400 "))
    }

    @Test func `a thousand pipelined requests keep the connection open`() throws {
        send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000))
        #expect(try requests() == 1000)
        for _ in 0..<1000 { try answer() }
        #expect(try !sent().contains("Connection: close"))
    }

    @Test func `nothing of a closed connection stays in memory`() throws {
        weak let handler = try channel.pipeline.syncOperations.handler(type: ConformanceHandler.self)
        send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        try answer()
        #expect(try sent().contains("Connection: close"))
        channel.close(promise: nil)
        channel.embeddedEventLoop.run()
        #expect(!channel.isActive && handler == nil)
    }
}
