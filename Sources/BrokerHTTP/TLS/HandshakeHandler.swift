import Broker
import NIOCore
import NIOSSL
import NIOTLS

/// Behind the TLS handler: takes note of who the client is once the handshake says so.
final class HandshakeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let state: ConnectionState

    init(_ state: ConnectionState) {
        self.state = state
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
            state.handshakeCompleted(by: certificate.flatMap(ClientCertificate.init))
        }
        context.fireUserInboundEventTriggered(event)
    }
}
