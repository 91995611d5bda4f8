import Broker
import BrokerTesting
import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import BrokerHTTP

/// Connections to one listener whose responses are cached, without a socket: bytes in, bytes out.
@MainActor struct ResponseCacheTests {
    nonisolated static let get =
        "GET /v1/projects/project-1/token HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YQ==\r\n\r\n"
    nonisolated static let post =
        "POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Length: 29\r\n\r\ngrant_type=client_credentials"

    private let listener: TestListener
    private static let keys = (0..<20_000).compactMap {
        ResponseCacheKey.read(ByteBuffer(string: "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n"), from: Peer(.unknown))?.key
    }

    init() async throws {
        listener = try await TestListener()
    }

    @Test(arguments: [get, post])
    func `the same bytes get the same answer without going the whole way`(request: String) async throws {
        let connection = try listener.connect()
        connection.send(request)
        let first = try await connection.goTheWholeWay()
        for _ in 0..<3 {
            connection.send(request)
            #expect(try connection.sent() == first)
        }
        #expect(connection.requestsPassedOn == 1)
    }

    @Test(arguments: [get, post])
    func `the same request gets the same answer on another connection`(request: String) async throws {
        let first = try await listener.learn(request)
        let another = try listener.connect()
        another.send(request)
        #expect(try another.sent() == first)
        another.send(request)
        #expect(try another.sent() == first)
        #expect(another.requestsPassedOn == 0)
    }

    @Test(arguments: [get, post])
    func `a request in pieces is the same request, and so are several in one read`(request: String) async throws {
        let first = try await listener.learn(request)
        let connection = try listener.connect()
        for byte in request.utf8 { connection.send(String(UnicodeScalar(byte))) }
        #expect(try connection.sent() == first)
        for byte in request.utf8 { connection.send(String(UnicodeScalar(byte))) }
        #expect(try connection.sent() == first)
        connection.send(request + request + request)
        #expect(try connection.sent() == first + first + first)
        let half = request.count / 2
        connection.send(request + request.prefix(half))
        #expect(try connection.sent() == first)
        connection.send(request.dropFirst(half) + request)
        #expect(try connection.sent() == first + first)
        #expect(connection.requestsPassedOn == 0)
    }

    @Test(arguments: [
        get.replacing("project-1", with: "project-2"), get.replacing("YQ==", with: "Yg=="),
        get.replacing("GET", with: "HEAD"), get.replacing("Host: a", with: "Host: b"),
        get.replacing("Host: a", with: "Host: a\r\nOrigin: http://a"),
        get.replacing("Host: a", with: "Host: a\r\nAccept: text/plain"),
        get.replacing("Host: a", with: "Host: a\r\nConnection: close"),
        get.replacing("HTTP/1.1", with: "HTTP/1.0"), get.replacing("GET", with: "POST"),
        post.replacing("Host: a", with: "Host: a\r\nContent-Type: text/plain"),
        get.replacing("/token", with: "/token?min_ttl=1"),
        post.replacing("credentials", with: "credentialt"), post.replacing("POST", with: "PUT"),
        post.replacing("Content-Length: 29", with: "Content-Length: 29\r\nExpect: 100-continue"),
        "POST /oauth2/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "1d\r\ngrant_type=client_credentials\r\n0\r\n\r\n",
    ])
    func `a request that differs in anything goes the whole way`(other: String) async throws {
        _ = try await listener.learn(Self.get)
        _ = try await listener.learn(Self.post)
        let connection = try listener.connect()
        connection.send(Self.get + Self.post)
        _ = try connection.sent()
        connection.send(other)
        #expect(connection.requestsPassedOn == 1)
    }

    @Test func `what another Unix user gets, or a client by TCP, is not this one's`() async throws {
        _ = try await listener.learn(Self.get, user: 1001)
        for user in [1002, nil] as [UInt32?] {
            let connection = try listener.connect(user: user)
            connection.send(Self.get)
            #expect(connection.requestsPassedOn == 1)
        }
    }

    @Test func `what another certificate gets, or a client without one, is not this one's`() async throws {
        func peer(_ digest: [UInt8]?) -> Peer {
            let shown = digest.map { TestCertificates(for: .seconds(60), digest: $0, clock: listener.test.clock) }
            return Peer(.address("10.0.0.1", network: "10.0.0.1"), certificates: shown)
        }
        let first = try listener.connect(peer([1]))
        first.send(Self.get)
        _ = try await first.goTheWholeWay()
        for (digest, isCached) in [([1], true), ([2], false), (nil, false)] as [([UInt8]?, Bool)] {
            let connection = try listener.connect(peer(digest))
            connection.send(Self.get)
            #expect(connection.requestsPassedOn == (isCached ? 0 : 1))
        }
    }

    @Test func `the bytes of a known request are none where another is being read or unanswered`() async throws {
        let connection = try listener.connect()
        connection.send(Self.get)
        let known = try await connection.goTheWholeWay()
        // As the body of another.
        let length = Self.get.utf8.count
        connection.send("POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
        connection.send(Self.get)
        #expect(try connection.sent().isEmpty)
        #expect(connection.requestsPassedOn == 2)
        // Behind another.
        connection.send(Self.get)
        #expect(try connection.sent().isEmpty)
        #expect(connection.requestsPassedOn == 3)
        for _ in 0..<2 { _ = try await connection.goTheWholeWay() }
        connection.send(Self.get)
        #expect(try connection.sent() == known)
    }

    @Test func `what is repeated behind an offer to upgrade goes out at once`() async throws {
        let offer = Self.get.replacing("Host: a", with: "Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c")
        let first = try await listener.learn(offer)
        let second = try await listener.learn(Self.get)
        let connection = try listener.connect()
        connection.send(offer + Self.get)
        #expect(try connection.sent() == first + second)
        connection.send(offer + offer + Self.get)
        #expect(try connection.sent() == first + first + second)
        #expect(connection.requestsPassedOn == 0)
    }

    @Test func `the last response of a connection is not cached, and no room is taken for it`() async throws {
        _ = try await listener.learn(Self.get.replacing("Host: a", with: "Host: a\r\nConnection: close"))
        #expect(listener.cache.size == 0)
        _ = try await listener.learn(Self.get)
        #expect(listener.cache.size > 0)
    }

    @Test func `a request that was known from another connection is known by its bytes from then on`() async throws {
        _ = try await listener.learn(Self.get)
        let connection = try listener.connect()
        connection.send(Self.get)
        #expect(try connection.remembersRequest)
    }

    @Test func `a cached response says at every moment what the whole way would say`() async throws {
        // So that the date, the life and the time until the refresh do not change at once, nor when it is looked.
        listener.test.clock.advance(by: .milliseconds(410))
        _ = try await listener.learn(Self.get)
        let connection = try listener.connect()
        let asked = TokenRequest(project: TestBroker.project, scope: nil)
        for _ in 0..<30 {
            listener.test.clock.advance(by: .milliseconds(137))
            connection.send(Self.get)
            let sent = try connection.sent()
            let authorization = listener.authorization()
            let handOut = try await listener.test.core.broker.token(for: asked, as: authorization)
            #expect(sent.hasSuffix("\r\n\r\n" + String(buffer: TokenAnswer.full(handOut))))
            #expect(sent.contains("\r\nDate: \(HTTPDate.text(Int(handOut.at.wall.timeIntervalSince1970)))\r\n"))
        }
        #expect(connection.requestsPassedOn == 0)
    }

    @Test func `what is replaced or removed is gone, wherever it was`() async throws {
        let body = ByteBuffer(repeating: 0, count: 8 * 1024)
        let cacheable = try await listener.cacheable(body)
        let cache = ResponseCache()
        // More than the newer halves hold, and less than both.
        for key in Self.keys[..<5000] { cache[key] = CachedResponse(cacheable, fields: [:], body: body) }
        for key in Self.keys[..<5000] { cache[key] = nil }
        #expect(Self.keys[..<5000].allSatisfy { cache[$0] == nil })
        #expect(cache.size == 0)
    }

    @Test(arguments: ["traceparent", "X-B3-TraceId", "x-datadog-trace-id", "X-Amzn-Trace-Id", "X-Whatever"])
    func `a field that decides nothing makes no difference`(field: String) async throws {
        let first = try await listener.learn(Self.get)
        let connection = try listener.connect()
        for number in 0..<100 {
            connection.send(Self.get.replacing("Host: a", with: "\(field): \(number)\r\nHost: a"))
            #expect(try connection.sent() == first)
        }
        #expect(connection.requestsPassedOn == 0)
    }

    /// What a cached response must not answer, one line of the head each.
    nonisolated static let others = [
        "Host: b", "Origin: http://a", "Accept: text/plain", "Expect: 100-continue", "Upgrade: h2c",
        "Sec-Fetch-Site: none",
        "Connection: close", "Proxy-Connection: close", "Authorization: Basic Yg==", "Content-Type: text/plain",
        "Content-Length: 0", "content-length: 0\r\nContent-Length: 0", "Content-Length: +0", "Content-Length: 0 0",
        "Content-Length:", "Content-Length: 12345678901234567890", "Transfer-Encoding: chunked",
        "X Y: 1", "X : 1", "X(: 1", "X\"Y: 1", ": 1", "X", "é: 1", "X: a\u{0}b", "X: a\u{7F}", "X: a\rb", "X: a\n",
        "X: a\r\n b",
        String(repeating: "X: 1\r\n", count: 62) + "X: 1", "X: " + String(repeating: "a", count: 16 << 10),
    ]

    @Test(arguments: others)
    func `what may be answered otherwise is not known by what is cached`(line: String) async throws {
        _ = try await listener.learn(Self.get)
        var outcomes: [String] = []
        for listener in [listener, try await TestListener()] {
            let connection = try listener.connect()
            connection.send(Self.get.replacing("\r\n\r\n", with: "\r\n\(line)\r\n\r\n"))
            let answer = try connection.sent()
            #expect(!answer.contains(" 200 "))
            outcomes.append("\(answer.prefix { $0 != "\r\n" }), \(connection.requestsPassedOn) passed on")
        }
        #expect(outcomes[0] == outcomes[1])
    }

    @Test func `what nobody asks for goes before the cache is larger than it may be`() async throws {
        let body = ByteBuffer(repeating: 0, count: 8 * 1024)
        let cacheable = try await listener.cacheable(body)
        let cache = ResponseCache()
        for key in Self.keys {
            cache[key] = CachedResponse(cacheable, fields: [:], body: body)
            #expect(cache[Self.keys[0]] != nil, "asked for again and again")
        }
        #expect(cache.size < 64 << 20)
        #expect(Self.keys[19_000...].allSatisfy { cache[$0] != nil })
        #expect(cache[Self.keys[1]] == nil)
        listener.test.clock.advance(by: .seconds(3000))
        cache.removeInvalid()
        #expect(cache.size == 0)
    }

    @Test func `a connection forgets a request whose response is not valid any more`() async throws {
        let connection = try listener.connect()
        connection.send(Self.get)
        _ = try await connection.goTheWholeWay()
        connection.channel.embeddedEventLoop.advanceTime(by: .seconds(20))
        #expect(try connection.remembersRequest)
        listener.test.clock.advance(by: .seconds(3000))
        connection.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(try !connection.remembersRequest)
    }

    @Test func `requests behind an unfinished one wait their turn`() async throws {
        let first = try await listener.learn(Self.get)
        let connection = try listener.connect()
        connection.send(Self.post + Self.get)
        #expect(connection.requestsPassedOn == 2)
        #expect(try connection.sent().isEmpty)
        for _ in 0..<2 { _ = try await connection.goTheWholeWay() }
        connection.send(Self.get)
        #expect(try connection.sent() == first)
        // Each of the two answers was that of its own request, and may be repeated.
        for request in [Self.post, Self.get] {
            let other = try listener.connect()
            other.send(request)
            #expect(try !other.sent().isEmpty)
        }
        #expect(connection.requestsPassedOn == 2)
    }

    @Test func `expires_in is right at the second, and so is the date`() async throws {
        _ = try await listener.learn(Self.get)
        let connection = try listener.connect()
        for age in [500.5, 1001, 1501.5, 2002, 2502.5] {
            listener.test.clock.advance(by: .seconds(500.5))
            connection.send(Self.get)
            let again = try connection.sent()
            #expect(again.contains(#""expires_in":\#(Int(3599 - age)),"#))
            #expect(again.contains("\r\nDate: \(HTTPDate.text(1_800_000_001 + Int(age)))\r\n"))
            let parts = again.split(separator: "\r\n\r\n", maxSplits: 1)
            #expect(again.contains("\r\nContent-Length: \(parts[1].utf8.count)\r\n"))
        }
        connection.send(Self.get)
        #expect(connection.requestsPassedOn == 0)
        connection.send("GARBAGE\r\n\r\n")
        #expect(try connection.sent().contains("HTTP/1.1 400 Bad Request"))
    }

    @Test func `a response is cached until the refresh is due`() async throws {
        _ = try await listener.learn(Self.get)
        // 75 % of 3,599 s.
        listener.test.clock.advance(by: .seconds(2698))
        try listener.expect(Self.get, isCached: true)
        listener.test.clock.advance(by: .seconds(2))
        try listener.expect(Self.get, isCached: false)
    }

    @Test func `an answer with little life left does not do for a request that wants more`() async throws {
        _ = try await listener.learn(Self.get, minimumLife: .seconds(2500))
        listener.test.clock.advance(by: .seconds(1098))
        try listener.expect(Self.get, isCached: true)
        listener.test.clock.advance(by: .seconds(2))
        try listener.expect(Self.get, isCached: false)
    }

    @Test func `a wall clock that is set forward ends what it makes expire`() async throws {
        _ = try await listener.learn(Self.get)
        listener.test.clock.setWall(by: .seconds(3600))
        try listener.expect(Self.get, isCached: false)
    }

    @Test func `after a close nothing is answered, and after a drain nothing is repeated`() async throws {
        let first = try await listener.learn(Self.get)
        let closing = try listener.connect()
        closing.send(Self.get.replacing("Host: a", with: "Host: a\r\nConnection: close") + Self.get)
        #expect(try await closing.goTheWholeWay() != first)
        closing.send(Self.get)
        #expect(try closing.sent().isEmpty)
        let draining = try listener.connect()
        draining.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        draining.send(Self.get)
        #expect(draining.requestsPassedOn == 1)
    }

    @Test func `every repeated answer is counted`() async throws {
        _ = try await listener.learn(Self.get)
        for _ in 0..<5 { try listener.expect(Self.get, isCached: true) }
        let report = try #require(await listener.test.perform(KeyListing(page: Page())).keys.first)
        #expect(listener.uses == 6)
        #expect(report.lastUsedAt == listener.test.clock.now.wall)
    }
}
