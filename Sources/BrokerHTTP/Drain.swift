import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// How a listener stops: whoever has connected is accepted, then the socket is closed and every connection told.
final class Drain: Sendable {
    private struct State {
        var socket: (any Channel)?
        var hasBegun = false
    }

    private let address: ListenAddress
    /// Guards the listening socket, once there is one, and whether it is on its way out.
    private let state = Mutex(State())

    init(of address: ListenAddress) {
        self.address = address
    }

    /// What a connection asks that was accepted last, and too late for NIO's `ChannelShouldQuiesceEvent`.
    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    func isListening(on socket: any Channel) { state.withLock { $0.socket = socket } }

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
        let socket = state.withLock { state in
            state.hasBegun = true
            return state.socket
        }
        if let socket { await AcceptQueue.drain(socket, at: address) }
    }
}
