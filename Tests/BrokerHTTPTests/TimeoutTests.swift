import BrokerTesting
import NIOCore
import NIOEmbedded
import Testing

@testable import BrokerHTTP

/// What a connection may take its time for, by the event loop's clock.
@MainActor struct TimeoutTests {
    private let request = ResponseCacheTests.post
    private let listener: TestListener
    private let connection: TestConnection

    init() async throws {
        listener = try await TestListener()
        connection = try listener.connect()
    }

    private var isOpen: Bool { connection.channel.isActive }

    private func wait(_ seconds: Int64) { connection.channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }

    @Test func `a head has 10 s, however its bytes drip`() {
        for byte in request.utf8.prefix(9) {
            connection.send(String(UnicodeScalar(byte)))
            wait(1)
            #expect(isOpen)
        }
        connection.send("x")
        wait(1)
        #expect(!isOpen)
    }

    @Test func `a request has 30 s, however its bytes drip`() {
        connection.send(request.dropLast(29))
        for byte in request.utf8.suffix(29) {
            wait(1)
            #expect(isOpen)
            if byte != request.utf8.last { connection.send(String(UnicodeScalar(byte))) }
        }
        wait(1)
        #expect(!isOpen)
    }

    @Test func `who asks for nothing has 60 s`() async throws {
        wait(59)
        connection.send(request)
        wait(120)
        #expect(isOpen, "the answer is still out")
        _ = try await connection.goTheWholeWay()
        wait(59)
        #expect(isOpen)
        wait(1)
        #expect(!isOpen)
    }

    @Test func `a repeated answer is as good as any against idleness`() async throws {
        connection.send(request)
        _ = try await connection.goTheWholeWay()
        for _ in 0..<5 {
            wait(59)
            connection.send(request)
            #expect(try !connection.sent().isEmpty)
        }
        // By its digest, too: the same bytes in two reads.
        for _ in 0..<5 {
            wait(59)
            connection.send(request.prefix(20))
            connection.send(request.dropFirst(20))
            #expect(try !connection.sent().isEmpty)
        }
        wait(59)
        #expect(isOpen)
        wait(1)
        #expect(!isOpen)
    }

    @Test func `who does not read has 10 s`() throws {
        connection.channel.isWritable = false
        connection.channel.pipeline.fireChannelWritabilityChanged()
        connection.send(request)
        wait(9)
        #expect(isOpen)
        wait(1)
        #expect(!isOpen)
    }

    @Test func `who reads again in time stays`() throws {
        for isWritable in [false, true] {
            connection.channel.isWritable = isWritable
            connection.channel.pipeline.fireChannelWritabilityChanged()
            wait(9)
        }
        #expect(isOpen)
    }

    @Test func `nothing is repeated to who does not read`() async throws {
        connection.send(request)
        _ = try await connection.goTheWholeWay()
        connection.channel.isWritable = false
        connection.channel.pipeline.fireChannelWritabilityChanged()
        connection.send(request)
        #expect(try connection.sent().isEmpty)
        #expect(connection.requestsPassedOn == 2)
    }

    private func beginDrain() { connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }

    @Test func `at a stop an idle connection has a second for a last request`() throws {
        beginDrain()
        wait(1)
        connection.send(request)
        #expect(connection.requestsPassedOn == 0)
        wait(2)
        #expect(!isOpen)
    }

    @Test func `the last request is answered, and the answer says that it was the last`() async throws {
        beginDrain()
        connection.send(request)
        wait(5)
        #expect(isOpen)
        #expect(try await connection.goTheWholeWay().contains("Connection: close\r\n"))
        connection.send(request)
        #expect(connection.requestsPassedOn == 1)
    }

    @Test(arguments: [20, ResponseCacheTests.post.count - 5])
    func `at a stop a request that is half received is finished, repeated or not`(cut: Int) async throws {
        connection.send(request)
        _ = try await connection.goTheWholeWay()
        connection.send(request.prefix(cut))
        beginDrain()
        wait(5)
        connection.send(request.dropFirst(cut))
        #expect(connection.requestsPassedOn == 2)
        #expect(try await connection.goTheWholeWay().contains("Connection: close\r\n"))
    }

    @Test func `at a stop a request that never ends has 12 s`() {
        connection.send(request.dropLast(5))
        beginDrain()
        wait(11)
        #expect(isOpen)
        wait(1)
        #expect(!isOpen)
    }

    @Test func `of several requests at a stop the last answer says so`() async throws {
        connection.send(request + request)
        beginDrain()
        #expect(try await !connection.goTheWholeWay().contains("Connection: close"))
        #expect(try await connection.goTheWholeWay().contains("Connection: close\r\n"))
    }
}
