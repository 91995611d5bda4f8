import NIOSSL
import SwiftASN1
import X509

extension Certificate {
    /// The same certificate, as BoringSSL has it.
    init(_ certificate: NIOSSLCertificate) throws {
        try self.init(derEncoded: certificate.toDERBytes())
    }
}
