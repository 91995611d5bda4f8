import Broker
import BrokerTesting
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import BrokerHTTP

/// One connection's requests, and answers that may have to wait.
struct AnsweringTests {
    private let channel = NIOAsyncTestingChannel()
    private let gate = Gate()
    private let begun = Tally()
    private let reads = Tally()

    private let ends = Tally()

    /// Counts how often more bytes are asked for, and how often the output is closed.
    private final class Counter: ChannelOutboundHandler, Sendable {
        typealias OutboundIn = Never
        private let reads: Tally
        private let ends: Tally

        init(_ reads: Tally, _ ends: Tally) { (self.reads, self.ends) = (reads, ends) }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            if mode == .output { ends.add() } else { context.close(mode: mode, promise: promise) }
        }

        func read(context: ChannelHandlerContext) {
            reads.add()
            context.read()
        }
    }

    private func connect(waiting: Bool) async throws {
        let (gate, begun, counter) = (gate, begun, Counter(reads, ends))
        try await channel.testingEventLoop.executeInContext {
            let answering = AnsweringHandler(logger: Logger(label: "test")) { request in
                begun.add()
                if waiting { await gate.pass() }
                return WholeResponse(body: ByteBuffer(string: request.head.uri))
            }
            try channel.pipeline.syncOperations.addHandlers(counter, answering)
        }
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
    }

    private func send(_ numbers: Range<Int>) async throws {
        for number in numbers {
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/\(number)")
            try await channel.writeInbound(
                WholeRequest(peer: Peer(.unknown), head: head, body: ByteBuffer(), bytes: ByteBuffer())
            )
        }
    }

    private func answer() async throws -> String {
        String(buffer: try await channel.waitForOutboundWrite(as: WholeResponse.self).body)
    }

    @Test func `what needs not wait is answered before anything else is read`() async throws {
        try await connect(waiting: false)
        try await send(0..<3)
        for number in 0..<3 {
            let response = try await channel.readOutbound(as: WholeResponse.self)
            #expect(response?.body == ByteBuffer(string: "/\(number)"))
        }
    }

    @Test func `the next is begun when the one before it is answered`() async throws {
        try await connect(waiting: true)
        try await send(0..<3)
        #expect(begun.count == 1)
        await gate.open()
        for number in 0..<3 { #expect(try await answer() == "/\(number)") }
        #expect(begun.count == 3)
    }

    @Test func `no more is read while ten wait, until one of them is begun`() async throws {
        try await connect(waiting: true)
        let before = reads.count
        try await send(0..<10)
        channel.read()
        await channel.testingEventLoop.run()
        #expect(reads.count == before + 1, "one is being answered, nine wait")
        try await send(10..<11)
        channel.read()
        await channel.testingEventLoop.run()
        #expect(reads.count == before + 1)
        await gate.open()
        for number in 0..<11 { #expect(try await answer() == "/\(number)") }
        #expect(reads.count == before + 2)
    }

    @Test func `who says that no more comes gets the answers to what came, and then the end`() async throws {
        try await connect(waiting: true)
        try await send(0..<2)
        try await channel.testingEventLoop.executeInContext {
            channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        #expect(ends.count == 0)
        await gate.open()
        for number in 0..<2 { #expect(try await answer() == "/\(number)") }
        // The end comes right behind the last answer.
        try await channel.testingEventLoop.executeInContext { #expect(ends.count == 1) }
    }

    @Test func `nothing more is begun for who does not read`() async throws {
        try await connect(waiting: false)
        channel.isWritable = false
        try await send(0..<1)
        #expect(begun.count == 0)
        channel.isWritable = true
        try await channel.testingEventLoop.executeInContext { channel.pipeline.fireChannelWritabilityChanged() }
        #expect(try await answer() == "/0")
    }
}
