package import Foundation

/// Who asks for a change or gets a token.
package enum Actor: Sendable, Hashable, CustomStringConvertible {
    case client(ClientID)
    /// A Unix user with the admin command.
    case administrator(user: UInt32)
    /// The broker itself, minting.
    case broker
    /// Somebody whom the broker could not recognise.
    case stranger(Peer.Origin)

    package var description: String {
        switch self {
        case .client(let id): "client:\(id)"
        case .administrator(let user): "admin:uid=\(user)"
        case .broker: "broker"
        case .stranger(let origin): "peer:\(origin)"
        }
    }
}

/// One line of the audit: who did what to which project, key and client, and what came of it.
package struct AuditRecord: Sendable {
    package enum Action: String, Sendable {
        case keyAdded = "key.added"
        case keyActivated = "key.activated"
        case keyDisabled = "key.disabled"
        case keyEnabled = "key.enabled"
        case keyVerified = "key.verified"
        case keyRemoved = "key.removed"
        case keyRotated = "key.rotated"
        case keySecretReplaced = "key.secret_replaced"
        case clientAdded = "client.added"
        case clientGranted = "client.granted"
        case clientRevoked = "client.revoked"
        case clientRotated = "client.rotated"
        case clientIdentitiesChanged = "client.identities_changed"
        case clientEnabled = "client.enabled"
        case clientDisabled = "client.disabled"
        case clientRemoved = "client.removed"
        case masterKeyRotationBegun = "master_key.rotation_begun"
        case masterKeyRotated = "master_key.rotated"
        case databaseBackupBegun = "database.backup_begun"
        /// A backup is complete, and its file is durable.
        case databaseBackedUp = "database.backed_up"
        case databaseRestored = "database.restored"
        case databaseMigrated = "database.migrated"
        case auditPruned = "audit.pruned"
        /// The mark of the log's end was not the broker's when the next record came.
        case auditDamaged = "audit.damaged"
        case tokenMinted = "token.minted"
        case mintFailed = "token.mint_failed"
        case tokenHandedOut = "token.handed_out"
        case authenticationRefused = "authentication.refused"
        case authorizationRefused = "authorization.refused"
    }

    package let at: Date
    package let actor: Actor
    package let action: Action
    package var project: ProjectID?
    package var key: KeyID?
    package var client: ClientID?
    package var token: TokenDigest?
    package var outcome: String

    package init(
        at: Date, actor: Actor, action: Action, project: ProjectID? = nil, key: KeyID? = nil, client: ClientID? = nil,
        token: TokenDigest? = nil, outcome: String = "ok"
    ) {
        self.at = at
        self.actor = actor
        self.action = action
        self.project = project
        self.key = key
        self.client = client
        self.token = token
        self.outcome = outcome
    }

    /// The same, for what it found out about the audit log.
    package func finding(_ fault: AuditFault) -> AuditRecord {
        AuditRecord(at: at, actor: actor, action: action, outcome: fault.message)
    }

    /// A mint by the broker.
    init(minted token: AccessToken, with key: AccessKey, at: Date) {
        self.init(
            at: at, actor: .broker, action: .tokenMinted, project: key.project, key: key.id, token: token.digest
        )
    }

    /// A mint that failed.
    init(_ failure: MintFailure, with key: AccessKey, at: Date) {
        self.init(
            at: at, actor: .broker, action: .mintFailed, project: key.project, key: key.id, outcome: failure.outcome
        )
    }
}
