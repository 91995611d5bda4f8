import NIOCore
import NIOHTTP1

/// Tells a connection that is one too many that it is, and closes it at once: nothing of it is read.
final class OverflowHandler: ChannelInboundHandler {
    typealias InboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private let saysWhy: Bool

    /// - Parameter saysWhy: not to a client that expects a TLS handshake first.
    init(saysWhy: Bool) {
        self.saysWhy = saysWhy
    }

    func channelActive(context: ChannelHandlerContext) {
        if saysWhy { sayWhy(context) }
        context.close(promise: nil)
    }

    private func sayWhy(_ context: ChannelHandlerContext) {
        var response = WholeResponse(ErrorAnswer(RequestRefusal.tooManyConnections))
        response.head.headers.replaceOrAdd(name: "Connection", value: "close")
        for part in response.parts { context.write(wrapOutboundOut(part), promise: nil) }
        context.flush()
    }
}
