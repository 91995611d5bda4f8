import Broker
package import Foundation

/// When a certificate in a TLS file expires, and whether it is time to renew it.
package struct CertificateExpiry: Sendable {
    private static let day: TimeInterval = 86_400
    /// The most urgent first.
    private static let urgencies: [Health.Trouble?] = [.expired, .expiringSoon, .expiring, nil]

    /// The file as the metrics' label names it: `server` or `client_authorities`.
    package let file: String
    package let path: String
    package let notBefore: Date
    package let notAfter: Date

    /// The lifetime in seconds.
    package var lifetime: TimeInterval { notAfter.timeIntervalSince(notBefore) }

    /// The trouble that the certificate is in; `nil` if there is time left.
    ///
    /// Issuers renew automatically with a third of the lifetime left or earlier, so a certificate with less than a quarter left
    /// was not renewed. For certificates that live for a year or longer, the limits are 30 and 7 days.
    func trouble(at now: Date) -> Health.Trouble? {
        let left = notAfter.timeIntervalSince(now)
        if left <= 0 { return .expired }
        if left < min(7 * Self.day, lifetime / 12) { return .expiringSoon }
        return left < min(30 * Self.day, lifetime / 4) ? .expiring : nil
    }

    /// Whether this certificate must be renewed before another one.
    func isMoreUrgent(than other: Self, at now: Date) -> Bool {
        (urgency(at: now), notAfter) < (other.urgency(at: now), other.notAfter)
    }

    private func urgency(at now: Date) -> Int { Self.urgencies.firstIndex(of: trouble(at: now)) ?? .max }
}
