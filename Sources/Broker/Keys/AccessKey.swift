package import Foundation

/// A Sinch access key: what tokens of a project are minted with.
///
/// An object, which is cheaper to keep by the hundred thousand, and to hand from one to the next, than its many fields.
package final class AccessKey: Sendable, Identifiable {
    package enum State: String, Sendable, Codable {
        /// The project's tokens are minted with this key. A project has at most one.
        case active
        /// Enabled, and used when the active key is refused.
        case standby
        /// Neither minted with nor handed out from.
        case disabled
    }

    package let id: KeyID
    package let project: ProjectID
    /// Counts the secrets and endpoints that this ID has had.
    package let version: Int
    package let name: String?
    /// `nil`: the broker's usual one, whichever that is now.
    package let tokenEndpoint: URL?
    package let scope: Scope
    package let state: State
    package let created: Date
    /// Opened only to mint.
    package let secret: Sealed
    /// Shared with the same key in another state, as the next one is.
    package let use: Use
    package let lastMint: Timestamp

    /// Where its secret opens.
    package var secretPlace: SealedPlace { .keySecret(id, version: version, tokenEndpoint: tokenEndpoint) }

    private init(
        id: KeyID, project: ProjectID, version: Int, name: String?, tokenEndpoint: URL?, scope: Scope, state: State,
        created: Date, secret: Sealed, use: Use, lastMint: Timestamp
    ) {
        self.id = id
        self.project = project
        self.version = version
        self.name = name
        self.tokenEndpoint = tokenEndpoint
        self.scope = scope
        self.state = state
        self.created = created
        self.secret = secret
        self.use = use
        self.lastMint = lastMint
    }

    package convenience init(
        id: KeyID, project: ProjectID, version: Int, name: String?, tokenEndpoint: URL?, scope: Scope, state: State,
        created: Date, secret: Sealed, lastMinted: Date? = nil, lastUsed: Date? = nil
    ) {
        self.init(
            id: id, project: project, version: version, name: name, tokenEndpoint: tokenEndpoint, scope: scope,
            state: state, created: created, secret: secret, use: Use(of: .key(id), last: lastUsed),
            lastMint: Timestamp(lastMinted)
        )
    }

    /// The same key in another state, or with its secret sealed anew.
    package func with(state: State? = nil, secret: Sealed? = nil) -> AccessKey {
        AccessKey(
            id: id, project: project, version: version, name: name, tokenEndpoint: tokenEndpoint, scope: scope,
            state: state ?? self.state, created: created, secret: secret ?? self.secret, use: use, lastMint: lastMint
        )
    }

    /// The same key with another secret, in a new version.
    func with(newSecret: Secret, version: Int, sealer: any Sealer) throws -> AccessKey {
        AccessKey(
            id: id, project: project, version: version, name: name, tokenEndpoint: tokenEndpoint, scope: scope,
            state: state, created: created,
            secret: try sealer.seal(newSecret, in: .keySecret(id, version: version, tokenEndpoint: tokenEndpoint)),
            use: use, lastMint: lastMint
        )
    }

    package var isEnabled: Bool { state != .disabled }

    package func slot(for scope: Scope) -> TokenSlot {
        TokenSlot(keyID: id, keyVersion: version, scope: scope)
    }
}
