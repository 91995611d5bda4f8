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
    /// Unix users that need no secret on the Unix socket.
    package var users: Set<UInt32>
    /// The projects that the client is granted. Nothing is granted by default.
    package var grants: Set<ProjectID>
    package let created: Date

    package init(
        id: ClientID, isEnabled: Bool, credentials: [Credential], users: Set<UInt32>, grants: Set<ProjectID>,
        created: Date
    ) {
        self.id = id
        self.isEnabled = isEnabled
        self.credentials = credentials
        self.users = users
        self.grants = grants
        self.created = created
    }
}

/// What a client secret is recognised with: a keyed digest, compared in constant time by ``Sealer``.
package struct ClientSecretVerifier: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}
