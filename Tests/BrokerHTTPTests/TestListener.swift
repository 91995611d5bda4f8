import BrokerTesting
import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Broker
@testable import BrokerHTTP

/// A client listener on a broker of doubles, whose connections are made of bytes; an embedded channel has one thread.
@MainActor struct TestListener {
    let test: TestBroker
    let client: Client
    /// The client secret that requests come with.
    let credential: Client.Credential
    let cache = ResponseCache()
    let handOuts = HandOutMetrics().handedOut
    let duration = RequestDurations().timer(of: route, .ok)
    nonisolated static let route = "/"

    init() async throws {
        test = try await TestBroker()
        try await test.addKey()
        let secret = try await test.addClient(users: [1001])
        client = try await test.core.authenticator.authorize(
            ClientClaim(id: "client-1", secret: secret), from: Peer(.unknown)
        ).client
        credential = client.credentials[0]
    }

    /// A listener on the same broker, for a client as it is now, and one of its secrets.
    init(_ other: TestListener, as client: Client, by credential: Client.Credential) {
        test = other.test
        self.client = client
        self.credential = credential
    }

    func connect(user: UInt32? = nil) throws -> TestConnection {
        try connect(Peer(user.map { .user($0) } ?? .address("127.0.0.1", network: "loopback")))
    }

    func connect(_ peer: Peer, as connection: OpenConnection? = nil) throws -> TestConnection {
        try TestConnection(self, cache, peer, as: connection)
    }

    /// Sends a request the whole way on a connection of its own, so that its response is cached; returns the answer.
    func learn(_ request: String, minimumLife: Duration = .zero, user: UInt32? = nil) async throws -> String {
        let connection = try connect(user: user)
        connection.send(request)
        return try await connection.goTheWholeWay(minimumLife: minimumLife)
    }

    /// Whether a request is answered at once, on a new connection.
    func expect(_ request: String, isCached: Bool, user: UInt32? = nil, _ reason: Comment? = nil) throws {
        let connection = try connect(user: user)
        connection.send(request)
        #expect(try connection.sent().isEmpty != isCached, reason)
        #expect(connection.requestsPassedOn == (isCached ? 0 : 1), reason)
    }

    /// A response that may be cached.
    func cacheable(_ body: ByteBuffer) async throws -> CacheableResponse {
        let asked = TokenRequest(project: TestBroker.project, scope: nil)
        let handOut = try await test.core.broker.token(for: asked, as: authorization())
        return CacheableResponse(handOut: try #require(handOut.repeatable), to: client.id, handOuts: handOuts) { _ in
            body
        }
    }

    /// How often tokens were handed out.
    var uses: Int { key.use.count }

    /// The client as it is authorized now.
    func authorization(_ identities: [Identity] = []) -> Authorization {
        Authorization(
            client, by: credential, identities, certificate: nil,
            registryVersion: test.core.registry.version,
            deadline: Deadline(after: Deadline.request, from: test.clock.now)
        )
    }

    private var key: AccessKey { test.core.registry.keys(of: TestBroker.project)[0] }
}

/// A connection, and the whole way of its requests in place of the routes.
@MainActor final class TestConnection {
    let channel = EmbeddedChannel()
    private(set) var requestsPassedOn = 0

    private let listener: TestListener
    private let peer: Peer
    private var authorizations: [Authorization] = []

    init(_ listener: TestListener, _ cache: ResponseCache, _ peer: Peer, as connection: OpenConnection?) throws {
        self.listener = listener
        self.peer = peer
        let state = ConnectionState(peer, as: connection, at: channel.embeddedEventLoop.now)
        try channel.pipeline.syncOperations.addHandlers(
            handlers(state, cache: cache, largestBody: 16 * 1024, log: .silent))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func send(_ text: some StringProtocol) {
        // What is malformed comes out of the pipeline as an error as well.
        _ = try? channel.writeInbound(ByteBuffer(string: String(text)))
        channel.embeddedEventLoop.run()
        while (try? channel.readInbound(as: WholeRequest.self)) != nil {
            requestsPassedOn += 1
            authorizations.append(listener.authorization(peer.user.map { [.user($0)] } ?? []))
        }
    }

    /// Answers the oldest request that was passed on, as the routes do.
    func goTheWholeWay(minimumLife: Duration = .zero) async throws -> String {
        try await decide(minimumLife: minimumLife)
        return try answer()
    }

    private var decided: HandOut?

    /// All that is done before the answer is written.
    func decide(minimumLife: Duration = .zero) async throws {
        let asked = TokenRequest(project: TestBroker.project, scope: nil, minimumLife: minimumLife)
        decided = try await listener.test.core.broker.token(for: asked, as: authorizations.removeFirst())
    }

    /// Writes the answer that was decided on; returns what went out.
    func answer() throws -> String {
        let handOut = try #require(decided)
        let encode: @Sendable (HandOut) -> ByteBuffer = TokenAnswer.full
        var response = WholeResponse(body: encode(handOut), for: listener.client.id)
        response.cacheable = handOut.repeatable.map {
            CacheableResponse(handOut: $0, to: listener.client.id, handOuts: listener.handOuts, body: encode)
        }
        response.cacheable?.duration = listener.duration
        let date = HTTPDate.text(Int(handOut.at.wall.timeIntervalSince1970))
        response.head.headers.replaceOrAdd(name: "Date", value: date)
        try channel.writeOutbound(response)
        return try sent()
    }

    /// Whether the same bytes would be recognised.
    var remembersRequest: Bool {
        get throws { try channel.pipeline.syncOperations.handler(type: CachedBytesHandler.self).remembersRequest }
    }

    /// What went out since the last time, as text.
    func sent() throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }
}
