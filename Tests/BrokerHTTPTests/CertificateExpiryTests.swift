import Broker
import Foundation
import Testing

@testable import BrokerHTTP

struct CertificateExpiryTests {
    private static let (hour, day): (TimeInterval, TimeInterval) = (3600, 86_400)
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func certificate(lifetime: TimeInterval, left: TimeInterval) -> CertificateExpiry {
        let notAfter = now.addingTimeInterval(left)
        return CertificateExpiry(
            file: "server", path: "tls.crt", notBefore: notAfter.addingTimeInterval(-lifetime), notAfter: notAfter
        )
    }

    @Test(
        arguments: [
            // A year: 30 days, 7 days.
            (365 * day, 30 * day, nil), (365 * day, 29.9 * day, .expiring), (365 * day, 7 * day, .expiring),
            (365 * day, 6.9 * day, .expiringSoon), (365 * day, 1, .expiringSoon), (365 * day, 0, .expired),
            (365 * day, -365 * day, .expired),
            // 90 days, renewed with 30 days left: a quarter, 7 days.
            (90 * day, 22.5 * day, nil), (90 * day, 22.4 * day, .expiring), (90 * day, 6.9 * day, .expiringSoon),
            // A day, renewed with 8 hours left.
            (24 * hour, 6 * hour, nil), (24 * hour, 5.9 * hour, .expiring), (24 * hour, 1.9 * hour, .expiringSoon),
        ] as [(TimeInterval, TimeInterval, Health.Trouble?)]
    )
    func `a certificate is in trouble when it should have been renewed`(
        lifetime: TimeInterval, left: TimeInterval, trouble: Health.Trouble?
    ) {
        #expect(certificate(lifetime: lifetime, left: left).trouble(at: now) == trouble)
    }

    @Test func `an old certificate that ends is more urgent than a young one that ends before it`() {
        let old = certificate(lifetime: 365 * Self.day, left: 5 * Self.day)
        let young = certificate(lifetime: Self.day, left: 20 * Self.hour)
        #expect(old.isMoreUrgent(than: young, at: now) && !young.isMoreUrgent(than: old, at: now))
    }
}
