import Broker
import Crypto
import Foundation
import NIOSSL
import Synchronization
import X509

/// The certificates that a client showed in a connection's handshake, with the last result of their verification.
final class ShownChain: ShownCertificates {
    /// The maximum number of certificates; usual chains have two or three.
    private static let longest = 10
    /// The maximum size of all certificates, in bytes.
    private static let largest = 32 << 10

    /// The client's own certificate comes first.
    private let certificates: [NIOSSLCertificate]
    private let tls: ListenerTLS
    /// Guards the certificate as it was last verified.
    private let known = Mutex<ClientCertificate?>(nil)

    let digest: [UInt8]

    /// Returns `nil` if there are too many certificates, or too large ones.
    init?(_ certificates: [NIOSSLCertificate], on tls: ListenerTLS) {
        guard certificates.count <= Self.longest, let all = try? certificates.map({ try $0.toDERBytes() }),
            all.reduce(0, { $0 + $1.count }) <= Self.largest
        else { return nil }
        self.certificates = certificates
        self.tls = tls
        digest = all.reduce(into: SHA256()) { hash, certificate in
            withUnsafeBytes(of: UInt32(certificate.count)) { hash.update(bufferPointer: $0) }
            hash.update(data: certificate)
        }.finalize().map(\.self)
    }

    func verified() async throws(CertificateRefusal) -> ClientCertificate {
        if let known = known.withLock(\.self), known.validity.isValid, known.expires > Date() { return known }
        guard let authorities = tls.clientAuthorities else {
            throw CertificateRefusal("this listener does not accept client certificates")
        }
        let parsed: [Certificate]
        do {
            parsed = try certificates.map(Certificate.init)
        } catch {
            throw CertificateRefusal("a certificate in its chain cannot be parsed")
        }
        let certificate = try await authorities.verify(parsed)
        known.withLock { $0 = certificate }
        return certificate
    }
}
