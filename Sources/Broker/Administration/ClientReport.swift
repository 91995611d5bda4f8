package import Foundation

/// What an operator is shown of a client.
package struct ClientReport: Codable, Sendable {
    package let clientID: ClientID
    package let enabled: Bool
    package let projectCount: Int
    /// The first of them, at most as many as a part of a list has.
    package let projects: [ProjectID]
    /// Those of them that nobody registered a key for.
    package let projectsWithoutKeys: [ProjectID]
    /// Of a grant for a project without keys: those with keys that may be meant.
    package var similarProjects: [ProjectID]?
    package let users: [UInt32]
    package let certificateNames: [CertificateName]
    package let secrets: [SecretReport]
    package let createdAt: Date
    /// When it was recognized last, by a secret or without one.
    package let lastUsedAt: Date?

    init(_ client: Client, _ administrator: Administrator) throws {
        let now = administrator.core.clock.now.wall
        clientID = client.id
        enabled = client.isEnabled
        projectCount = client.grants.count
        projects = try Page().elements(of: client.grants) { $0 }.elements
        projectsWithoutKeys = projects.filter { !administrator.core.registry.has($0) }
        users = client.users.sorted()
        certificateNames = client.certificateNames.sorted()
        secrets = client.credentials.filter { $0.isLive(at: now) }.map { SecretReport($0) }
        createdAt = client.created
        lastUsedAt = client.lastUsed
    }
}
