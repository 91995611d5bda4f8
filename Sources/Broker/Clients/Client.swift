package import Foundation

/// An internal service that fetches tokens from the broker.
package struct Client: Sendable, Identifiable {
    /// One live client secret, by what it is recognised with.
    package struct Credential: Sendable {
        package let verifier: ClientSecretVerifier
        package let created: Date
        /// When the overlap of a rotation ends; `nil` for the newest.
        package var expires: Date?
        /// Shared by every copy of this credential.
        package let use: Use

        package init(verifier: ClientSecretVerifier, created: Date, expires: Date?, lastUsed: Date? = nil) {
            self.verifier = verifier
            self.created = created
            self.expires = expires
            use = Use(of: .secret(verifier), last: lastUsed)
        }

        package func isLive(at now: Date) -> Bool { expires.map { $0 > now } ?? true }
    }

    package let id: ClientID
    package var isEnabled: Bool
    /// Newest first; at most two.
    package var credentials: [Credential]
    /// Who needs no secret.
    package var identities: Set<Identity>
    /// The projects that the client is granted. Nothing is granted by default.
    package var grants: Set<ProjectID>
    package let created: Date
    /// Shared by every copy of this client.
    package let use: Use

    package init(
        id: ClientID, isEnabled: Bool, credentials: [Credential], identities: Set<Identity>, grants: Set<ProjectID>,
        created: Date, lastUsed: Date? = nil
    ) {
        self.id = id
        self.isEnabled = isEnabled
        self.credentials = credentials
        self.identities = identities
        self.grants = grants
        self.created = created
        use = Use(of: .client(id), last: lastUsed)
    }

    /// When the client was recognized last, by whatever it showed.
    package var lastUsed: Date? { ([use] + credentials.map(\.use)).compactMap(\.lastDate).max() }

    package var users: [UInt32] {
        identities.compactMap { if case .user(let user) = $0 { user } else { nil } }
    }

    package var certificateNames: [CertificateName] {
        identities.compactMap { if case .certificate(let name) = $0 { name } else { nil } }
    }
}

/// What a client secret is recognised with: a keyed digest, made by ``Sealer``.
package struct ClientSecretVerifier: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether it is the same, found out in a time that does not depend on it.
    package func matches(_ other: Self) -> Bool {
        bytes.count == other.bytes.count && zip(bytes, other.bytes).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
