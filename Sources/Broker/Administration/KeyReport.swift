package import Foundation

/// What an operator is shown of an access key.
package struct KeyReport: Codable, Sendable {
    package let keyID: KeyID
    package let projectID: ProjectID
    package let name: String?
    package let state: AccessKey.State
    package let tokenEndpoint: String
    package let scope: String
    package let createdAt: Date
    package let lastMintedAt: Date?
    /// When one of its tokens was handed out last.
    package let lastUsedAt: Date?
    package let token: TokenReport?
    /// Whether the authorization server refuses the key, which is then not used for a while.
    package let quarantined: Bool

    init(_ key: AccessKey, _ administrator: Administrator) {
        let life = administrator.cache.life(in: key.slot(for: key.scope))
        keyID = key.id
        projectID = key.project
        name = key.name
        state = key.state
        tokenEndpoint = administrator.registry.endpoint(of: key).absoluteString
        scope = key.scope.description
        createdAt = key.created
        lastMintedAt = key.lastMint.date
        lastUsedAt = key.use.lastDate
        token = life.map { TokenReport($0, at: administrator.clock.now) }
        quarantined = administrator.failures.isQuarantined(key.id, version: key.version)
    }
}

/// What anybody is shown of a token: its life.
package struct TokenReport: Codable, Sendable {
    package let state: TokenLife.State
    /// Seconds.
    package let expiresIn: Int
    /// Seconds.
    package let refreshAfter: Int

    package init(_ life: TokenLife, at now: Moment) {
        state = life.state(at: now)
        expiresIn = max(0, Int(life.remaining(at: now).components.seconds))
        refreshAfter = Int(life.refreshAfter(at: now).components.seconds)
    }
}

/// `key list`, of one project or of all.
package struct KeyListing: AdminRequest {
    package static let name = "key/list"
    package let projectID: ProjectID?

    package struct Reply: Codable, Sendable {
        package let keys: [KeyReport]
    }

    package init(projectID: ProjectID?) {
        self.projectID = projectID
    }

    package func perform(by administrator: Administrator, for actor: Actor) async throws -> Reply {
        let projects = projectID.map { [$0] } ?? administrator.registry.projects()
        return Reply(
            keys: projects.flatMap { administrator.registry.keys(of: $0) }.map { KeyReport($0, administrator) }
        )
    }
}
