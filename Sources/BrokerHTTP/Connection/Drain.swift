import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// How a listener stops: whoever has connected is accepted, then the socket is closed and every connection told.
final class Drain: Sendable {
    private struct State {
        var queue: AcceptQueue?
        var hasBegun = false
        /// Connections that were accepted, and whose pipelines are still being made.
        var arriving = 0
    }

    /// How long it may take to accept who has connected.
    private static let longest: Duration = .seconds(1)
    private static let pause: Duration = .milliseconds(1)

    private let address: ListenAddress
    /// Guards the listening socket's queue, once there is one, whether it is on its way out, and who is arriving.
    private let state = Mutex(State())

    init(of address: ListenAddress) {
        self.address = address
    }

    /// What a connection asks that was accepted last, and too late for NIO's `ChannelShouldQuiesceEvent`.
    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    func isListening(on socket: any Channel) {
        state.withLock { $0.queue = AcceptQueue(socket: socket, address: address) }
    }

    /// A connection has its pipeline, or has failed to get one.
    func hasArrived() { state.withLock { $0.arriving -= 1 } }

    /// Runs a server that would close its socket first when it is told to shut down, and has it close it last.
    func run(_ server: some Service, logger: Logger) async throws {
        let group = ServiceGroup(services: [server], logger: logger)
        // Detached, so that the graceful shutdown reaches the server through `begin` alone.
        let serving = Task.detached { try await group.run() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await serving.value
            } onGracefulShutdown: {
                Task {
                    await self.begin()
                    await group.triggerGracefulShutdown()
                }
            }
        } onCancel: {
            serving.cancel()
        }
    }

    private func begin() async {
        let queue = state.withLock { state in
            state.hasBegun = true
            return state.queue
        }
        guard let queue else { return }
        await queue.shut()
        let end = ContinuousClock.now + Self.longest
        while await queue.hasConnection || state.withLock({ $0.arriving > 0 }), ContinuousClock.now < end {
            try? await Task.sleep(for: Self.pause)
        }
    }
}

extension Drain: AvailableConnectionsDelegate {
    func connectionOpened() { state.withLock { $0.arriving += 1 } }

    func connectionClosed() {}

    func isAcceptingNewConnections() -> Bool { true }
}
