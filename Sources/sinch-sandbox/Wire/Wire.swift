import Glibc
import NIOCore
import NIOHTTP1

/// The connection that a request came on, below HTTP: what is sent is sent as it is, through TLS where there is TLS.
struct Wire: Sendable {
    private let channel: any Channel

    /// Takes the connection over. From now on it closes when its peer does, though Hummingbird's may be half open.
    init(takingOver channel: any Channel) async throws {
        self.channel = channel
        try await channel.setOption(.allowRemoteHalfClosure, value: false).get()
    }

    func send(_ text: String) async throws {
        try await send(ByteBuffer(string: text))
    }

    /// Returns when the bytes are on their way, so that nothing piles up.
    func send(_ bytes: ByteBuffer) async throws {
        try await channel.eventLoop.flatSubmit { [channel] in
            let sent = channel.eventLoop.makePromise(of: Void.self)
            do {
                let encoder = try channel.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
                encoder.writeAndFlush(NIOAny(bytes), promise: sent)
            } catch {
                sent.fail(error)
            }
            return sent.futureResult
        }.get()
    }

    /// Sends the bytes again and again, until there are so many.
    func send(_ bytes: ByteBuffer, upTo total: Int) async throws {
        for _ in 0..<(total / bytes.readableBytes + 1) {
            try Task.checkCancellation()
            try await send(bytes)
        }
    }

    /// Sends one byte a second, for as long as there is somebody to send it to.
    func drip(_ text: String) async throws {
        for byte in text.utf8 where channel.isActive {
            try await send(ByteBuffer(bytes: [byte]))
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Ends our side of the connection in order.
    func finish() async throws {
        try await channel.close(mode: .output).get()
    }

    /// Ends the connection with a reset instead of in order.
    func reset() async throws {
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close().get()
    }

    func close() {
        channel.close(promise: nil)
    }

    /// Waits until the connection is closed; closes it when the task is cancelled.
    func closed() async {
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
