package import Broker
import Foundation

/// Certificates of a handshake that somebody vouches for, until they expire or other authorities are trusted.
package final class TestCertificates: ShownCertificates {
    package let digest: [UInt8]
    package let validity = Validity()
    private let names: [CertificateName]
    private let expires: Date
    private let clock: any BrokerClock

    package init(_ names: [CertificateName] = [], for life: Duration, digest: [UInt8] = [1], clock: any BrokerClock) {
        self.names = names
        self.digest = digest
        self.clock = clock
        expires = clock.now.wall.addingTimeInterval(life / .seconds(1))
    }

    package func verified() async throws(CertificateRefusal) -> ClientCertificate {
        guard clock.now.wall < expires else { throw CertificateRefusal("it has expired") }
        guard validity.isValid else { throw CertificateRefusal("nobody vouches for it") }
        return ClientCertificate(names: names, expires: expires, validity: validity)
    }
}
