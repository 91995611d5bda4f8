import Crypto
import Foundation
import SwiftASN1
import X509

/// A certificate authority that lives as long as the process; its key never leaves memory.
struct CertificateAuthority {
    let certificate: Certificate
    private let name: DistinguishedName
    private let key = P256.Signing.PrivateKey()
    private let keyID: SubjectKeyIdentifier

    init(at now: Date) throws {
        name = try DistinguishedName { CommonName("Sinch Sandbox CA") }
        let keyID = SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
        self.keyID = keyID
        certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now - 7 * 24 * 3600,
            notValidAfter: now + 90 * 24 * 3600,
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
                keyID
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
    }

    /// The authority's certificate, for clients to trust.
    var pem: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    /// A certificate for a server with these names and this key.
    func issue(
        for names: [GeneralName], key serverKey: P256.Signing.PrivateKey, valid: Range<Date>
    ) throws -> Certificate {
        try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(serverKey.publicKey),
            notValidBefore: valid.lowerBound,
            notValidAfter: valid.upperBound,
            issuer: name,
            subject: DistinguishedName { CommonName("Sinch Sandbox") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names)
                AuthorityKeyIdentifier(keyIdentifier: keyID.keyIdentifier)
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
    }
}
