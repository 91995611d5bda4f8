import Broker
import NIOCore
import NIOSSL
import NIOTLS

/// Behind the TLS handler: takes note of what the client shows, once the handshake has proved that it has the key.
final class HandshakeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let state: ConnectionState
    private let tls: ListenerTLS
    private let log: RequestLog
    private var shown: ShownChain?

    init(_ state: ConnectionState, _ tls: ListenerTLS, log: RequestLog) {
        self.state = state
        self.tls = tls
        self.log = log
    }

    /// Keeps the certificates for the requests that need them, which decide by those who are trusted then.
    func keep(_ certificates: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        shown = ShownChain(certificates, on: tls)
        promise.succeed(shown == nil ? .failed : .certificateVerified)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { state.handshakeCompleted(by: shown) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state.handshakeSince != nil, let reason = error.handshakeReason {
            log.handshakeFailed(with: state.peer.origin, reason: reason)
        }
        context.fireErrorCaught(error)
    }
}
