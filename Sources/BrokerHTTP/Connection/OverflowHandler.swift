import NIOCore
import NIOHTTP1

/// Tells a connection that is one too many that it is, and closes it at once: nothing of it is read.
final class OverflowHandler: ChannelInboundHandler {
    typealias InboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    func channelActive(context: ChannelHandlerContext) {
        var response = WholeResponse(ErrorAnswer(RequestRefusal.tooManyConnections))
        response.head.headers.replaceOrAdd(name: "Connection", value: "close")
        for part in response.parts { context.write(wrapOutboundOut(part), promise: nil) }
        context.flush()
        context.close(promise: nil)
    }
}
