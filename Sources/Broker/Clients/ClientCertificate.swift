package import Foundation

/// The certificates that a client showed in the TLS handshake. That it has the key of the first one is known; whether
/// anybody vouches for them is not.
package protocol ShownCertificates: Sendable {
    /// SHA-256 of all of them.
    var digest: [UInt8] { get }

    /// The first of them, as the authorities that are trusted now vouch for it.
    func verified() async throws(CertificateRefusal) -> ClientCertificate
}

/// A client certificate that the listener's authorities vouch for.
package struct ClientCertificate: Sendable {
    package let names: [CertificateName]
    /// When the first certificate of its chain expires, the authority's included.
    package let expires: Date
    /// That of the authorities, which may be replaced.
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
