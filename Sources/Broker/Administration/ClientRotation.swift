import Foundation

/// `client rotate`: gives a client a new secret; the old one works for a while yet.
package struct ClientRotation: AdminRequest {
    package let clientID: ClientID
    /// Seconds.
    package let overlap: Int
    /// Whether an older secret that is still live may be ended.
    package let force: Bool

    package init(clientID: ClientID, overlap: Int, force: Bool = false) {
        self.clientID = clientID
        self.overlap = overlap
        self.force = force
    }

    package var extent: StoreExtent { .part(clients: [clientID]) }

    package func perform(by administrator: Administrator) async throws -> ClientCredentials {
        guard (0...30 * 24 * 3600).contains(overlap) else {
            throw OperatorError(.invalid, "an overlap is between nothing and 30 days")
        }
        let now = administrator.core.clock.now.wall
        let ends = now.addingTimeInterval(Double(overlap))
        let secret = ClientSecret.generate()
        let verifier = administrator.core.sealer.verifier(of: secret)
        try await administrator.core.changes.make {
            let client = try administrator.client(clientID)
            if !force, let older = client.credentials.dropFirst().first(where: { $0.isLive(at: now) }) {
                throw OperatorError(
                    .conflict,
                    "'\(clientID)' has been rotated already, and its older secret, which may be the one that is deployed, "
                        + "works until \(older.expires?.formatted(.iso8601) ?? "it is rotated")",
                    hint: "deploy the newest first; --force ends the older one now"
                )
            }
            // Whatever is older than the newest ends now.
            let kept = client.credentials.prefix(overlap > 0 ? 1 : 0)
            let changes =
                client.credentials.dropFirst(kept.count).map { Change.removeSecret($0.verifier, of: clientID) }
                + kept.map { .endSecret($0.verifier, of: clientID, at: ends) }
                + [.addSecret(Client.Credential(verifier: verifier, created: now, expires: nil), to: clientID)]
            return (changes, [administrator.record(.clientRotated, client: clientID)])
        }
        return ClientCredentials(
            clientID: clientID, clientSecret: secret.reveal(), previousSecretExpiresAt: overlap > 0 ? ends : nil,
            projectsWithoutKeys: nil, similarProjects: nil
        )
    }
}
