import Broker
import BrokerTesting
import Crypto
import Foundation
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import BrokerHTTP

/// A connection: whatever comes, in whatever pieces, is answered alike with a cache and without one.
///
/// The input's last bytes say where the others are cut.
@MainActor struct ConnectionTarget: @preconcurrency FuzzTarget {
    private static let mostCuts = 3

    private let handOut: RepeatableHandOut
    private let client: ClientID

    /// With something to rest on that stays valid: the clock stands still.
    init() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let claim = ClientClaim(id: "client-1", secret: try await test.addClient())
        let authorization = try await test.core.authenticator.authorize(claim, from: Peer(.unknown))
        let asked = TokenRequest(project: TestBroker.project, scope: nil)
        guard let handOut = try await test.core.broker.token(for: asked, as: authorization).repeatable else {
            fatalError("the hand-out cannot be repeated")
        }
        self.handOut = handOut
        client = authorization.client.id
    }

    func run(_ input: [UInt8]) {
        let cuts = input.suffix(Self.mostCuts)
        let bytes = Array(input.dropLast(Self.mostCuts))
        let pieces = pieces(of: bytes, cutAt: cuts.map { Int($0) * bytes.count / 256 })
        let cache = ResponseCache()
        let uncached = answers(to: pieces, cache: nil)
        for (when, pieces) in [("it learns", pieces), ("it knows", pieces), ("all comes at once", [bytes])] {
            let cached = answers(to: pieces, cache: cache)
            guard cached == uncached else { fatalError("differs when \(when):\n\(cached)\ninstead of:\n\(uncached)") }
        }
    }

    private func pieces(of bytes: [UInt8], cutAt cuts: [Int]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        for cut in cuts.sorted() + [bytes.count] {
            if cut > start { pieces.append(Array(bytes[start..<cut])) }
            start = max(start, cut)
        }
        return pieces
    }

    /// All that a connection is answered, but for dates, request IDs, and the invitations to go on, which who knows the answer omits.
    private func answers(to pieces: [[UInt8]], cache: ResponseCache?) -> String {
        let channel = EmbeddedChannel()
        let state = ConnectionState(Peer(.unknown), at: channel.embeddedEventLoop.now)
        let log = RequestLog(of: .client, logger: .silent)
        let answering = AnsweringHandler(logger: .silent) { [handOut, client] in Self.answer($0, handOut, to: client) }
        do {
            let all = handlers(state, cache: cache, largestBody: 16 << 10, log: log) + [answering]
            try channel.pipeline.syncOperations.addHandlers(all)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        } catch {
            fatalError("\(error)")
        }
        for piece in pieces { _ = try? channel.writeInbound(ByteBuffer(bytes: piece)) }
        channel.embeddedEventLoop.run()
        var bytes: [UInt8] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return String(decoding: bytes, as: UTF8.self).replacing("HTTP/1.1 100 Continue\r\n\r\n", with: "")
            .replacing(/"request_id":"[0-9a-f]{32}"/, with: "")
            .split(separator: "\r\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("Date: ") }
            .joined(separator: "\n")
    }

    /// Says all that a route can see of the request.
    private nonisolated static func answer(
        _ request: WholeRequest, _ handOut: RepeatableHandOut, to client: ClientID
    ) -> WholeResponse {
        let fields = ["Host", "Accept", "Authorization", "Content-Type", "Origin", "Sec-Fetch-Site"]
            .map { "\($0): \(request.head.headers[$0])" }
        let seen = "\(request.head.method) \(request.head.uri) \(fields) \(request.body.readableBytesView.map(\.self))"
        let body = ByteBuffer(string: "\(SHA256.hash(data: Data(seen.utf8)))")
        var response = WholeResponse(body: body, for: client)
        response.cacheable = CacheableResponse(handOut: handOut, to: client, handOuts: HandOutMetrics().handedOut) {
            _ in body
        }
        return response
    }
}
