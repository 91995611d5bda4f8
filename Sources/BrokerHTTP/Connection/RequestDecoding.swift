import NIOCore
import NIOHTTP1

/// The HTTP/1.1 decoder, which reads on behind an offer to upgrade (RFC 9110 §7.8): to NIO's that is the end of HTTP.
///
/// Directly behind the decoder, that it puts in front of itself and replaces.
final class RequestDecoding: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    static let largestHead = 16 * 1024
    static let mostFields = 64

    private var decoder = RequestDecoding.makeDecoder()
    private var offersUpgrade = false

    private static func makeDecoder() -> ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = largestHead
        limits.maxHeaderListSize = largestHead
        limits.maxHeaderFieldCount = mostFields
        return ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
        )
    }

    func handlerAdded(context: ChannelHandlerContext) {
        add(decoder, .before(self), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            offersUpgrade =
                head.headers.contains(name: "Upgrade")
                && head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
        case .end where offersUpgrade:
            replaceDecoder(context)
        case .body, .end:
            break
        }
        context.fireChannelRead(data)
    }

    private func replaceDecoder(_ context: ChannelHandlerContext) {
        let finished = decoder
        decoder = Self.makeDecoder()
        add(decoder, .after(finished), context)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.pipeline.syncOperations.removeHandler(finished).assumeIsolated().whenSuccess {
            // What was left over was read outside of any read from the socket.
            bound.value.fireChannelReadComplete()
        }
    }

    private func add(
        _ decoder: ByteToMessageHandler<HTTPRequestDecoder>, _ position: ChannelPipeline.SynchronousOperations.Position,
        _ context: ChannelHandlerContext
    ) {
        do {
            try context.pipeline.syncOperations.addHandler(decoder, position: position)
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }
}
