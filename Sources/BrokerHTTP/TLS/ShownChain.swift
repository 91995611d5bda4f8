import Broker
import Crypto
import Foundation
import NIOSSL
import Synchronization
import X509

/// The certificates of one connection's handshake, and what the authorities said of them last.
final class ShownChain: ShownCertificates {
    /// Of certificates: chains have two or three.
    private static let longest = 10
    /// Of all of them, in bytes.
    private static let largest = 32 << 10

    /// The client's first.
    private let certificates: [NIOSSLCertificate]
    private let tls: ListenerTLS
    /// Guards what was last said.
    private let known = Mutex<ClientCertificate?>(nil)

    let digest: [UInt8]

    /// `nil` where there are more than anybody needs.
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
        guard let authorities = tls.clientAuthorities else { throw CertificateRefusal("nobody asked for it") }
        let parsed: [Certificate]
        do {
            parsed = try certificates.map(Certificate.init)
        } catch {
            throw CertificateRefusal("it or one of its chain cannot be read")
        }
        let certificate = try await authorities.verify(parsed)
        known.withLock { $0 = certificate }
        return certificate
    }
}
