/// What an operator is shown of a project.
package struct ProjectReport: Codable, Sendable {
    package let projectID: ProjectID
    package let keys: [KeyReport]
    package let clients: [ClientID]
    /// The token that the next client gets, where one is there.
    package let token: TokenReport?

    init(_ project: ProjectID, clients: [ClientID], _ administrator: Administrator) {
        projectID = project
        keys = administrator.core.registry.keys(of: project).map { KeyReport($0, administrator) }
        self.clients = clients
        token = administrator.core.broker.report(of: project)
    }
}
