package import Foundation

/// What an operator is shown of a project.
package struct ProjectReport: Codable, Sendable {
    package let projectID: ProjectID
    package let keys: [KeyReport]
    package let clients: [ClientID]
    /// The token that the next client gets, where one is there.
    package let token: TokenReport?
    /// `nil` when the last mint worked.
    package let failures: Failures?

    /// Mints that failed since the last that worked.
    package struct Failures: Codable, Sendable {
        package let count: Int
        package let since: Date
        /// Why the last one did.
        package let reason: String
    }

    init(_ project: ProjectID, clients: [ClientID], _ administrator: Administrator) {
        projectID = project
        keys = administrator.core.registry.keys(of: project).map { KeyReport($0, administrator) }
        self.clients = clients
        token = administrator.core.broker.report(of: project)
        failures = administrator.core.failures.streak(of: project).map {
            Failures(count: $0.count, since: $0.since.wall, reason: "\($0.last)")
        }
    }
}
