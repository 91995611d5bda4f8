import Glibc
import NIOCore
import NIOPosix

/// Reports that an event loop has polled its sockets: a pipe that the event loop polls with them.
///
/// A task cannot report that: an event loop runs the tasks in its queue until the queue is empty, and polls only then.
final class PollSignal: Sendable {
    private let writeEnd: CInt

    private init(writingTo writeEnd: CInt) {
        self.writeEnd = writeEnd
    }

    // The event loop closes the read end when the write end is closed.
    deinit { close(writeEnd) }

    /// Opens the pipe and adds it to the event loop; fails with an `IOError` if no file descriptor is left.
    ///
    /// - Parameter onPoll: called on the event loop, once for each `request`.
    static func make(
        on loop: any EventLoop, onPoll: @escaping @Sendable () -> Void
    ) -> EventLoopFuture<PollSignal> {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else {
            return loop.makeFailedFuture(IOError(errnoCode: errno, reason: "pipe"))
        }
        let readEnd = ends[0]
        let signal = PollSignal(writingTo: ends[1])
        return NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ReadHandler(onPoll))
                }
            }
            .takingOwnershipOfDescriptor(input: readEnd)
            .map { _ in signal }
            .flatMapErrorThrowing { error in
                close(readEnd)
                throw error
            }
    }

    /// Requests a call of `onPoll` when the event loop polls next.
    func request() {
        var byte: UInt8 = 0
        write(writeEnd, &byte, 1)
    }

    private final class ReadHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let onPoll: @Sendable () -> Void

        init(_ onPoll: @escaping @Sendable () -> Void) {
            self.onPoll = onPoll
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { onPoll() }
    }
}
