import Crypto
import Foundation
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// A certificate authority that lives as long as the process; its keys never leave memory.
struct CertificateAuthority {
    /// The authority's certificate, for clients to trust.
    let pem: String
    private let chain: [NIOSSLCertificate]
    private let leafKey: NIOSSLPrivateKey

    init(validFrom now: Date) throws {
        let authorityKey = P256.Signing.PrivateKey()
        let authorityName = try DistinguishedName { CommonName("Sinch Sandbox CA") }
        let authorityKeyID = SubjectKeyIdentifier(hash: Certificate.PublicKey(authorityKey.publicKey))
        // From an hour ago, for clients whose clock is behind.
        let validity = (from: now - 3600, to: now + 90 * 24 * 3600)

        let authority = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(authorityKey.publicKey),
            notValidBefore: validity.from,
            notValidAfter: validity.to,
            issuer: authorityName,
            subject: authorityName,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
                authorityKeyID
            },
            issuerPrivateKey: Certificate.PrivateKey(authorityKey)
        )

        let leafKey = P256.Signing.PrivateKey()
        let leaf = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(leafKey.publicKey),
            notValidBefore: validity.from,
            notValidAfter: validity.to,
            issuer: authorityName,
            subject: DistinguishedName { CommonName("localhost") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([
                    .dnsName("localhost"),
                    .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                    .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
                ])
                AuthorityKeyIdentifier(keyIdentifier: authorityKeyID.keyIdentifier)
            },
            issuerPrivateKey: Certificate.PrivateKey(authorityKey)
        )

        self.pem = try authority.serializeAsPEM().pemString + "\n"
        self.chain = try [leaf, authority].map {
            try NIOSSLCertificate(bytes: Array($0.serializeAsPEM().pemString.utf8), format: .pem)
        }
        self.leafKey = try NIOSSLPrivateKey(bytes: Array(leafKey.pemRepresentation.utf8), format: .pem)
    }

    /// What a server needs to be `localhost`, `127.0.0.1` and `::1`.
    var serverConfiguration: TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(leafKey)
        )
        configuration.minimumTLSVersion = .tlsv12
        // An idle client may never answer the end of its connection; it must not hold the end of the sandbox.
        configuration.shutdownTimeout = .milliseconds(250)
        return configuration
    }
}
