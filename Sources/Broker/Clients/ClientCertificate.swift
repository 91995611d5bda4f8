package import Foundation

/// The certificates that a client showed in the TLS handshake. The client has proved that it has the key of the first
/// one; the certificates themselves are not verified yet.
package protocol ShownCertificates: Sendable {
    /// The SHA-256 digest of all certificates.
    var digest: [UInt8] { get }

    /// Verifies the certificates against the authorities that are trusted now, and returns the client's own.
    func verified() async throws(CertificateRefusal) -> ClientCertificate
}

/// A client certificate that one of the listener's authorities has issued.
package struct ClientCertificate: Sendable {
    package let names: [CertificateName]
    /// When the first certificate of its chain expires, the authority's included.
    package let expires: Date
    /// The validity of the authorities, which can be replaced.
    package let validity: Validity

    package init(names: [CertificateName], expires: Date, validity: Validity) {
        self.names = names
        self.expires = expires
        self.validity = validity
    }
}

/// Why a client certificate is not accepted.
package struct CertificateRefusal: Error, Equatable {
    /// For the client, such as "it has expired".
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }
}
