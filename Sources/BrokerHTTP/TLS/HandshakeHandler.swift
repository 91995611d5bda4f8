import Broker
import Crypto
import Foundation
import NIOCore
import NIOSSL
import NIOTLS
import SwiftASN1
import X509

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

extension ClientCertificate {
    /// What a verified certificate says; `nil` where it says nothing that can be relied on.
    init?(_ certificate: NIOSSLCertificate) {
        guard let bytes = try? certificate.toDERBytes(), let leaf = try? Certificate(derEncoded: bytes) else {
            return nil
        }
        self.init(names: leaf.names, expires: leaf.notValidAfter, digest: Array(SHA256.hash(data: bytes)))
    }
}

extension Certificate {
    /// The names that a client can be registered with; none where it may sign others, or where it has two SPIFFE IDs
    /// (X509-SVID §4.1 and §2).
    fileprivate var names: [CertificateName] {
        if case .isCertificateAuthority? = try? extensions.basicConstraints { return [] }
        let names = ((try? extensions.subjectAlternativeNames) ?? .init([])).compactMap { name -> CertificateName? in
            switch name {
            case .uniformResourceIdentifier(let uri): try? CertificateName(.uri, uri)
            case .dnsName(let host): try? CertificateName(.dns, host)
            default: nil
            }
        }
        return names.count { $0.kind == .uri && $0.name.hasPrefix("spiffe://") } > 1 ? [] : names
    }
}
