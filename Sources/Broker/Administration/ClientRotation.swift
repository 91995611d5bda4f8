import Foundation

/// `client rotate`: gives a client a new secret; the secret before it works for the overlap.
package struct ClientRotation: AdminRequest {
    /// Which of two secrets ends.
    package enum Ending: String, Codable, Sendable {
        case older, newest
    }

    package let clientID: ClientID
    /// Seconds.
    package let overlap: Int
    /// The secret that ends now if the client has two that work; `nil` to refuse then.
    package let ending: Ending?

    package init(clientID: ClientID, overlap: Int, ending: Ending? = nil) {
        self.clientID = clientID
        self.overlap = overlap
        self.ending = ending
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
        let before = try administrator.client(clientID).credentials.filter { $0.isLive(at: now) }
        try await administrator.core.changes.make {
            let credentials = try administrator.client(clientID).credentials
            let live = credentials.filter { $0.isLive(at: now) }
            if live.count < 2, ending == .newest {
                throw OperatorError(
                    .conflict, "'\(clientID)' does not have two secrets that work",
                    hint: "to replace its only secret now: token-broker client rotate \(clientID) --overlap 0"
                )
            }
            if live.count > 1, ending == nil { throw Self.refusal(clientID, newest: live[0], older: live[1]) }
            let kept = overlap == 0 ? nil : ending == .newest ? live.last : live.first
            let changes = credentials.map { credential -> Change in
                credential.verifier == kept?.verifier
                    ? .endSecret(credential.verifier, of: clientID, at: ends)
                    : .removeSecret(credential.verifier, of: clientID)
            }
            let new = Client.Credential(verifier: verifier, created: now, expires: nil)
            return (
                changes + [.addSecret(new, to: clientID)], [administrator.record(.clientRotated, client: clientID)]
            )
        }
        let after = try administrator.client(clientID).credentials
        let previous = after.first { $0.verifier != verifier }
        return ClientCredentials(
            clientID: clientID, clientSecret: secret.reveal(), previousSecretExpiresAt: previous?.expires,
            previousSecret: previous.map { SecretReport($0) },
            endedSecrets: before.filter { old in !after.contains { $0.verifier == old.verifier } }.map {
                SecretReport($0)
            },
            projectsWithoutKeys: nil, similarProjects: nil
        )
    }

    private static func refusal(
        _ id: ClientID, newest: Client.Credential, older: Client.Credential
    ) -> OperatorError {
        let ends = older.expires?.formatted(.iso8601) ?? "it is ended"
        return OperatorError(
            .conflict,
            "'\(id)' has two secrets that work: the newest, \(SecretReport(newest).text); and an older one, "
                + "\(SecretReport(older).text), which works until \(ends)",
            hint:
                "if the newest was lost, replace it with --discard-newest, and the older one works for the overlap; if the "
                + "newest is deployed everywhere, end the older one with --force"
        )
    }
}
