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
    /// Whether the authorization server refused the key, or its secret could not be opened, and it has not worked since.
    package let quarantined: Bool

    init(_ key: AccessKey, _ administrator: Administrator) {
        let life = administrator.core.cache.life(in: key.slot(for: key.scope))
        keyID = key.id
        projectID = key.project
        name = key.name
        state = key.state
        tokenEndpoint = administrator.core.registry.endpoint(of: key).absoluteString
        scope = key.scope.description
        createdAt = key.created
        lastMintedAt = key.lastMint.date
        lastUsedAt = key.use.lastDate
        token = life.map { TokenReport($0, at: administrator.core.clock.now) }
        quarantined = administrator.core.health.isQuarantined(key)
    }
}
