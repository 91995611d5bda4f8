import HTTPTypes
import NIOCore
import NIOHTTP1

/// One answer or one close for every request, whatever bytes arrive.
///
/// Passes on whole requests; refuses what is none, or more than may be; closes when either side said so.
final class ConformanceHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = WholeRequest
    typealias OutboundIn = WholeResponse
    typealias OutboundOut = HTTPServerResponsePart

    private static let lingering: TimeAmount = .seconds(2)

    private let state: ConnectionState
    private let largestBody: Int
    private let log: RequestLog
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    /// Closes the connection after its last answer, if the peer does not.
    private var closing: Scheduled<Void>?

    init(_ state: ConnectionState, largestBody: Int, log: RequestLog) {
        self.log = log
        self.state = state
        self.largestBody = largestBody
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state.isReadingOn else { return }
        switch unwrapInboundIn(data) {
        case .head(var head):
            let ambiguity = head.ambiguousOffer
            head.trimFieldValues()
            if let refusal = state.begin(head) ?? ambiguity ?? head.refusal(largestBody: largestBody)
                ?? head.resolveTarget()
            {
                refuse(refusal, context)
                return
            }
            if head.expectsContinue, state.owesNothing {
                let head = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            }
            self.head = head
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= largestBody else {
                refuse(.bodyTooLarge(most: largestBody), context)
                return
            }
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
        case .end:
            guard let head else { return }
            let bytes = state.endRequest(at: context.eventLoop.now)
            let request = WholeRequest(peer: state.peer, head: head, body: body, bytes: bytes)
            forget()
            context.fireChannelRead(wrapInboundOut(request))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Those behind have nothing to do with it: what came before is answered all the same.
        if let error = error as? HTTPParserError {
            refuse(error == .headerOverflow ? .headTooLarge : .notHTTP, context)
        } else {
            context.fireErrorCaught(error)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !state.hasEnded else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        var response = unwrapOutboundIn(data)
        if let client = response.client { state.authenticated(client) }
        // The answer itself may say so.
        let isLast =
            state.isNextAnswerLast || response.head.headers[canonicalForm: "Connection"].contains { $0 == "close" }
        if isLast { response.endConnection() }
        state.answer(at: context.eventLoop.now)
        write(response, context, promise)
        if isLast { end(context) } else { answerRefused(context) }
    }

    private func write(_ response: WholeResponse, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?)
    {
        let parts = response.parts
        for part in parts.dropLast() { context.write(wrapOutboundOut(part), promise: nil) }
        parts.last.map { context.write(wrapOutboundOut($0), promise: promise) }
    }

    private func refuse(_ refusal: RequestRefusal, _ context: ChannelHandlerContext) {
        state.refuse(refusal)
        forget()
        answerRefused(context)
    }

    private func answerRefused(_ context: ChannelHandlerContext) {
        guard let refusal = state.dueRefusal else { return }
        var response = log.answer(to: refusal)
        response.endConnection()
        write(response, context, nil)
        end(context)
    }

    private func forget() {
        head = nil
        body = ByteBuffer()
    }

    /// Says that no more comes, and throws away what the peer still sends for a moment: to close at once while bytes
    /// are on their way would reset the connection and could take the answer with it.
    private func end(_ context: ChannelHandlerContext) {
        state.end()
        context.flush()
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        closing = context.eventLoop.scheduleTask(in: Self.lingering) { bound.value.close(promise: nil) }
        context.read()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Otherwise the event loop holds the closed connection until the time is up.
        closing?.cancel()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if state.hasEnded { context.read() } else { context.fireChannelReadComplete() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where state.hasEnded:
            context.close(promise: nil)
        case is TimeoutHandler.NothingMore where !state.hasEnded:
            end(context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }
}
