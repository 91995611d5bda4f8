import Foundation

/// `client rotate`: gives a client a new secret; the secret before it works for the overlap.
package struct ClientRotation: AdminRequest {
    /// One of a client's two secrets.
    package enum Which: String, Codable, Sendable {
        case older, newest
    }

    package let clientID: ClientID
    /// Seconds.
    package let overlap: Int
    /// The secret that ends now if the client has two that work; `nil` to refuse then.
    package let ending: Which?

    package init(clientID: ClientID, overlap: Int, ending: Which? = nil) {
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
        let changes = try await administrator.core.changes.make {
            let credentials = try administrator.client(clientID).credentials
            let live = credentials.filter { $0.isLive(at: now) }
            if live.count < 2, ending == .newest {
                throw OperatorError(
                    .conflict, "'\(clientID)' has no second secret: to discard the newest would leave none that works",
                    hint: "to replace its only secret now: token-broker client rotate \(clientID) --overlap 0"
                )
            }
            if live.count > 1, ending == nil { throw Self.refusal(clientID, newest: live[0], older: live[1]) }
            let previous = (ending == .newest ? live.dropFirst() : live[...]).first
            let kept = overlap > 0 ? previous : nil
            let ended = credentials.filter { $0.verifier != kept?.verifier }
            let changes =
                ended.map { Change.removeSecret($0.verifier, of: clientID) }
                + [kept].compactMap(\.self).map { .endSecret($0.verifier, of: clientID, at: ends) }
                + [.addSecret(Client.Credential(verifier: verifier, created: now, expires: nil), to: clientID)]
            return (changes, [administrator.record(.clientRotated, client: clientID)])
        }
        let ended = changes.compactMap { if case .removeSecret(let verifier, _) = $0 { verifier } else { nil } }
        let kept = changes.compactMap { if case .endSecret(let verifier, _, _) = $0 { verifier } else { nil } }
        return ClientCredentials(
            clientID: clientID, clientSecret: secret.reveal(), previousSecretExpiresAt: kept.isEmpty ? nil : ends,
            previousSecret: before.first { kept.contains($0.verifier) }.map { SecretReport($0) },
            endedSecrets: before.filter { ended.contains($0.verifier) }.map { SecretReport($0) },
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
                + "\(SecretReport(older).text), until \(ends)",
            hint:
                "if the newest was lost, replace it with --discard-newest, and the older one works for the overlap; if the "
                + "newest is deployed everywhere, end the older one with --force"
        )
    }
}
