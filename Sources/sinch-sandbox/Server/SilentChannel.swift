import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// A connection on which nothing is ever said; what comes in is only looked at.
struct SilentChannel: ServerChildChannel {
    let sandbox: Sandbox

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> {
        channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel(wrappingChannelSynchronously: channel)
        }
    }

    func handle(value: NIOAsyncChannel<ByteBuffer, ByteBuffer>, logger: Logger) async {
        // What is thrown says that the peer has gone or that the sandbox ends.
        try? await cancelWhenGracefulShutdown {
            try await value.executeThenClose { inbound, _ in
                var text = ""
                for try await bytes in inbound {
                    let known = text.contains("authorization:")
                    text += String(buffer: bytes).lowercased()
                    if !known, text.contains("authorization:") { sandbox.countAuthorization(at: .https) }
                }
            }
        }
    }
}
