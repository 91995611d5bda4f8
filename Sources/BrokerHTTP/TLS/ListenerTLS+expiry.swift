package import Broker
package import Foundation

extension ListenerTLS {
    /// How long it takes at most until an expiry is reported.
    private static let interval: Duration = .seconds(10)

    /// The certificate of each file that must be renewed first.
    package func expiries(at now: Date) -> [CertificateExpiry] {
        Dictionary(grouping: certificates, by: \.file).values.compactMap { certificates in
            certificates.min { $0.isMoreUrgent(than: $1, at: now) }
        }
    }

    /// Reports certificates that must be renewed, until the task is cancelled.
    package func reportExpiries(to health: Health, clock: any BrokerClock) async throws {
        while true {
            let now = clock.now.wall
            for expiry in expiries(at: now) {
                let verb = expiry.notAfter <= now ? "expired" : "expires"
                health.report(
                    certificatesIn: expiry.path, are: expiry.trouble(at: now),
                    because: "a certificate \(verb) at \(expiry.notAfter.formatted(.iso8601))"
                )
            }
            try await clock.sleep(for: Self.interval)
        }
    }
}
