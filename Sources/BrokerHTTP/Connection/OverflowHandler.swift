import NIOCore
import NIOHTTP1

/// Tells a connection that is one too many that it is, and closes it at once: nothing of it is read.
final class OverflowHandler: ChannelInboundHandler {
    typealias InboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private let log: RequestLog
    private let saysWhy: Bool

    /// - Parameter saysWhy: not to a client that expects a TLS handshake first.
    init(log: RequestLog, saysWhy: Bool) {
        self.log = log
        self.saysWhy = saysWhy
    }

    func channelActive(context: ChannelHandlerContext) {
        var response = log.answer(to: RequestRefusal.tooManyConnections)
        if saysWhy {
            response.endConnection()
            for part in response.parts { context.write(wrapOutboundOut(part), promise: nil) }
            context.flush()
        }
        context.close(promise: nil)
    }
}
