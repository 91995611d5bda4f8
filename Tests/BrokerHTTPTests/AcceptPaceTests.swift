import BrokerTesting
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import BrokerHTTP

@Suite struct AcceptPaceTests {
    /// The number of tasks that each event loop ran each time before it polled again.
    private final class Ticks: NIOEventLoopMetricsDelegate {
        private let tasks = Mutex<[ObjectIdentifier: [Int]]>([:])

        func processedTick(info: NIOEventLoopTickInfo) {
            tasks.withLock { $0[info.eventLoopID, default: []].append(info.numberOfTasks) }
        }

        func of(_ loop: any EventLoop) -> [Int] { tasks.withLock { $0[ObjectIdentifier(loop), default: []] } }
    }

    /// The tasks that wait for a thread, now and at most, and those that are done.
    private final class Tasks: Sendable {
        let count = Mutex((waiting: 0, most: 0, done: 0))
    }

    private let burst = 400
    private let ticks = Ticks()

    @Test func aBurstOfConnectionsLetsEveryEventLoopPollItsSockets() async throws {
        let active = Mutex(0)
        try await acceptBurst { channel in
            if channel.parent?.eventLoop !== channel.eventLoop { Self.work() }
            active.withLock { $0 += 1 }
        } until: {
            active.withLock { $0 } == burst
        }
    }

    @Test func aBurstOfConnectionsDoesNotFillTheQueueOfTasks() async throws {
        let tasks = Tasks()
        try await acceptBurst { _ in
            tasks.count.withLock { $0 = ($0.waiting + 1, max($0.most, $0.waiting + 1), $0.done) }
            Task {
                Self.work()
                tasks.count.withLock { $0 = ($0.waiting - 1, $0.most, $0.done + 1) }
            }
        } until: {
            tasks.count.withLock { $0.done } == burst
        }
        #expect(tasks.count.withLock { $0.most } < burst / 2)
    }

    /// Takes longer than to accept a connection does, on any machine.
    private static func work() {
        var random = SystemRandomNumberGenerator()
        var sum: UInt64 = 0
        for _ in 0..<2000 { sum &+= random.next() }
        #expect(sum > 0)
    }

    /// Accepts connections that are all there before the first is accepted.
    private func acceptBurst(
        _ initialize: @escaping @Sendable (any Channel) -> Void, until isOver: () -> Bool
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2, metricsDelegate: ticks)
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPaceHandler(batch: 16))
                }
            }
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { initialize(channel) } }
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try #require(server.localAddress)
        let clients = try (0..<burst).map { _ in try Socket(connectedTo: address) }
        try await server.setOption(.autoRead, value: true).get()
        try await until(isOver)
        for loop in group.makeIterator() {
            let before = ticks.of(loop).count
            try await loop.submit {}.get()
            try await until { ticks.of(loop).count > before }
            #expect(ticks.of(loop).max() ?? .max < burst / 2)
        }
        withExtendedLifetime(clients) {}
        try await server.close().get()
        try await group.shutdownGracefully()
    }
}

/// A blocking socket that is connected, closed with the last reference to it.
private final class Socket {
    private let descriptor: CInt

    init(connectedTo address: SocketAddress) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let result = address.withSockAddr { connect(descriptor, $0, socklen_t($1)) }
        guard result == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    deinit { close(descriptor) }
}
