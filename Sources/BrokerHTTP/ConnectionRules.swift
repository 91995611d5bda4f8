import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1

/// One answer or one close for every request, whatever bytes arrive.
///
/// Answers what is not HTTP, closes when either side said so, and never reads the rest of a request that was answered
/// before it was read whole.
final class ConnectionRules: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case open
        /// A malformed message follows the requests that are still to be answered.
        case broken(RequestRefusal)
        /// The last answer is out; what still arrives is thrown away.
        case closing
    }

    private static let lingering: TimeAmount = .seconds(2)
    private static let largestHead = 16 * 1024
    private static let mostFields = 64

    private let limits: TimeLimits
    private var state = State.open
    private var decoder = ConnectionRules.makeDecoder()
    /// Requests whose head was read and whose answer is not out yet.
    private var unanswered = 0
    private var isReadingRequest = false
    /// Whether the connection ends with the answer to the newest request.
    private var closesAfterNewest = false
    private var closesAfterCurrent = false
    /// Whether the connection ends with the answer to the last request that has come.
    private var isDraining = false
    /// Whether the request that is being read offers to upgrade the connection.
    private var offersUpgrade = false

    init(limits: TimeLimits) {
        self.limits = limits
    }

    private static func makeDecoder() -> ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = largestHead
        limits.maxHeaderListSize = largestHead
        limits.maxHeaderFieldCount = mostFields
        return ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
        )
    }

    /// Puts the decoder in front, whose errors are ours to answer.
    func handlerAdded(context: ChannelHandlerContext) {
        do {
            try context.pipeline.syncOperations.addHandler(decoder, position: .before(self))
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }

    /// Reads on behind an offer to upgrade (RFC 9110 §7.8), which the decoder takes for the end of HTTP.
    private func ignoreUpgrade(_ context: ChannelHandlerContext) {
        let finished = decoder
        decoder = Self.makeDecoder()
        do {
            try context.pipeline.syncOperations.addHandler(decoder, position: .after(finished))
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.pipeline.syncOperations.removeHandler(finished).assumeIsolated().whenSuccess {
            // What was left over was read outside of any read from the socket.
            bound.value.fireChannelReadComplete()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .open = state, !(closesAfterNewest && !isReadingRequest) else { return }
        switch unwrapInboundIn(data) {
        case .head(var head):
            if let refusal = refusal(of: head) ?? resolveTarget(of: &head) {
                fail(refusal, context)
                return
            }
            unanswered += 1
            isReadingRequest = true
            closesAfterNewest = !head.isKeepAlive || head.method == .CONNECT
            offersUpgrade =
                head.headers.contains(name: "Upgrade")
                && head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
            if head.headers[canonicalForm: "Expect"].contains(where: { $0.lowercased() == "100-continue" }),
                unanswered == 1, head.version == .http1_1
            {
                let head = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            }
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body:
            context.fireChannelRead(data)
        case .end:
            isReadingRequest = false
            if offersUpgrade { ignoreUpgrade(context) }
            context.fireChannelRead(data)
        }
    }

    /// What HTTP's grammar lets through and RFC 9112 §3.2 does not.
    private func refusal(of head: HTTPRequestHead) -> RequestRefusal? {
        let hosts = head.headers["Host"].count
        if hosts > 1 || (hosts == 0 && head.version == .http1_1) { return .malformed("a request has one Host field") }
        if head.headers.contains(name: "Transfer-Encoding"), head.headers.contains(name: "Content-Length") {
            return .malformed("a request has Content-Length or Transfer-Encoding")
        }
        return nil
    }

    /// An absolute-form target stands for its path, and its authority for the Host field (RFC 9112 §3.2.2).
    private func resolveTarget(of head: inout HTTPRequestHead) -> RequestRefusal? {
        if head.uri.hasPrefix("/") || head.uri == "*" || head.method == .CONNECT { return nil }
        guard let target = URLComponents(string: head.uri), ["http", "https"].contains(target.scheme?.lowercased()),
            target.user == nil, target.password == nil, var host = target.host, !host.isEmpty
        else { return .malformed("the target is neither a path nor an http address") }
        if host.contains(":"), !host.hasPrefix("[") { host = "[\(host)]" }
        head.headers.replaceOrAdd(name: "Host", value: target.port.map { "\(host):\($0)" } ?? host)
        let path = target.percentEncodedPath.isEmpty ? "/" : target.percentEncodedPath
        head.uri = path + (target.percentEncodedQuery.map { "?" + $0 } ?? "")
        return nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .closing = state {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            let isLast = closesAfterNewest || isReadingRequest || (isDraining && !limits.isReadingHead)
            closesAfterCurrent = isLast && unanswered == 1
            if closesAfterCurrent { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            unanswered -= 1
            context.write(data, promise: promise)
            if closesAfterCurrent {
                close(context)
            } else if case .broken(let refusal) = state, unanswered == (isReadingRequest ? 1 : 0) {
                answer(refusal, context)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError {
            if case .open = state { fail(RequestRefusal(error), context) }
        }
        // The request that is being read, if any, learns that its rest does not come.
        context.fireErrorCaught(error)
    }

    private func fail(_ refusal: RequestRefusal, _ context: ChannelHandlerContext) {
        if unanswered == (isReadingRequest ? 1 : 0) { answer(refusal, context) } else { state = .broken(refusal) }
    }

    private func answer(_ refusal: RequestRefusal, _ context: ChannelHandlerContext) {
        let answer = ErrorAnswer(refusal)
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status.code))
        for field in answer.fields + HTTPFields.uncached {
            head.headers.add(name: field.name.rawName, value: field.value)
        }
        head.headers.add(name: "Content-Length", value: "\(answer.body.count)")
        head.headers.add(name: "Connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        close(context)
    }

    /// Says that no more comes, and throws away what the peer still sends for a moment: to close at once while bytes
    /// are on their way would reset the connection and could take the answer with it.
    private func close(_ context: ChannelHandlerContext) {
        state = .closing
        context.flush()
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.lingering) { bound.value.close(promise: nil) }
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .closing = state { context.read() } else { context.fireChannelReadComplete() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (state, event) {
        case (.closing, ChannelEvent.inputClosed):
            context.close(promise: nil)
        case (_, is ChannelShouldQuiesceEvent):
            // Goes no further: those behind would close what is still to be answered.
            isDraining = true
        case (.open, is TimeLimits.NothingMore):
            close(context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }
}
