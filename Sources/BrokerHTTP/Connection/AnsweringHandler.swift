import Broker
import Logging
import NIOCore

/// Has each request answered, one after the other.
///
/// What needs not wait is answered then and there, without changing threads. Routes of slow work say so, and are answered
/// on the listener's ``WorkerThread``. A request that was accepted is answered to its end, whether or not its client is still there.
final class AnsweringHandler: ChannelDuplexHandler {
    typealias InboundIn = WholeRequest
    typealias OutboundIn = Never
    typealias OutboundOut = WholeResponse

    /// So many requests may wait before no more are read.
    private static let mostWaiting = 10

    private let answer: @Sendable (WholeRequest) async -> WholeResponse
    private let logger: Logger
    private var waiting = CircularBuffer<WholeRequest>()
    private var isAnswering = false
    private var isReading = false
    private var holdsRead = false
    private var inputIsClosed = false
    private var isInactive = false

    /// The last one that was begun.
    private(set) var lastAnswer: Task<Void, Never>?

    init(logger: Logger, answer: @escaping @Sendable (WholeRequest) async -> WholeResponse) {
        self.logger = logger
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        waiting.append(unwrapInboundIn(data))
        answerWaiting(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReading {
            isReading = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    private func answerWaiting(_ context: ChannelHandlerContext) {
        while !isAnswering, !isInactive, context.channel.isWritable, let request = waiting.popFirst() {
            isAnswering = true
            let (eventLoop, answer) = (context.eventLoop, answer)
            let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
            lastAnswer = Task.immediate {
                let response = await answer(request)
                if eventLoop.inEventLoop {
                    bound.value.0.write(response, bound.value.1)
                } else {
                    eventLoop.execute {
                        let (handler, context) = bound.value
                        handler.write(response, context)
                        handler.answerWaiting(context)
                    }
                }
            }
        }
        if holdsRead, waiting.count < Self.mostWaiting {
            holdsRead = false
            context.read()
        }
    }

    private func write(_ response: WholeResponse, _ context: ChannelHandlerContext) {
        isAnswering = false
        guard !isInactive else { return }
        context.write(wrapOutboundOut(response), promise: nil)
        if !isReading { context.flush() }
        closeOutput(context)
    }

    /// Whoever says that no more comes gets the answers to what came.
    private func closeOutput(_ context: ChannelHandlerContext) {
        if inputIsClosed, !isAnswering, waiting.isEmpty { context.close(mode: .output, promise: nil) }
    }

    func read(context: ChannelHandlerContext) {
        if waiting.count < Self.mostWaiting { context.read() } else { holdsRead = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        answerWaiting(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            inputIsClosed = true
            closeOutput(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The other end is gone: there is nobody left to tell.
        logger.log(.connectionLost, level: .trace, "a connection was lost", ["reason": "\(error.connectionReason)"])
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isInactive = true
        waiting.removeAll()
        context.fireChannelInactive()
    }
}
