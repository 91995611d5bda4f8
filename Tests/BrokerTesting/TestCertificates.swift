package import Broker
import Foundation

/// Certificates that are accepted until they expire or their authority is no longer trusted.
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
        guard validity.isValid else { throw CertificateRefusal("its authority is not trusted") }
        return ClientCertificate(names: names, expires: expires, validity: validity)
    }
}
