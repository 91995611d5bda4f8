import Crypto
import Foundation
import NIOCore
import NIOSSL
import SwiftASN1
import X509

extension TLSConfiguration {
    /// What a server needs to be `localhost`, `127.0.0.1` and `::1`, or to be so wrongly.
    static func sandbox(issuedBy authority: CertificateAuthority, fault: TLSFault?, at now: Date) throws
        -> TLSConfiguration
    {
        let key = P256.Signing.PrivateKey()
        let day: TimeInterval = 24 * 3600
        let valid =
            switch fault {
            case .expired: now - 2 * day..<now - day
            case .notYetValid: now + day..<now + 90 * day
            // From an hour ago, for clients whose clock is behind.
            default: now - 3600..<now + 90 * day
            }
        let leaf = try authority.issue(
            for: fault == .wrongHost ? [.dnsName("sandbox.invalid")] : localNames, key: key, valid: valid
        )
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try [leaf, authority.certificate].map {
                .certificate(try NIOSSLCertificate(bytes: Array($0.serializeAsPEM().pemString.utf8), format: .pem))
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem))
        )
        if fault == .oldVersion {
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = .tlsv11
            // NIO's usual ones are all newer than TLS 1.1.
            configuration.cipherSuites = "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"
        } else {
            configuration.minimumTLSVersion = .tlsv12
        }
        // An idle client may never answer the end of its connection; it must not hold the end of the sandbox.
        configuration.shutdownTimeout = .milliseconds(250)
        return configuration
    }

    private static var localNames: [GeneralName] {
        [
            .dnsName("localhost"),
            .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
            .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
        ]
    }
}
