/// What an operator is shown of a project.
package struct ProjectReport: Codable, Sendable {
    package let projectID: ProjectID
    package let keys: [KeyReport]
    package let clients: [ClientID]
    /// The token that the next client gets, where one is there.
    package let token: TokenReport?

    init(_ project: ProjectID, clients: [ClientID], _ administrator: Administrator) {
        projectID = project
        keys = administrator.registry.keys(of: project).map { KeyReport($0, administrator) }
        self.clients = clients
        token = administrator.broker.report(of: project)
    }
}

/// `project list`.
package struct ProjectListing: AdminRequest {
    package static let name = "project/list"

    package struct Reply: Codable, Sendable {
        package let projects: [ProjectReport]
    }

    package init() {}

    package func perform(by administrator: Administrator, for actor: Actor) async throws -> Reply {
        var clients: [ProjectID: [ClientID]] = [:]
        for client in administrator.registry.allClients() {
            for project in client.grants { clients[project, default: []].append(client.id) }
        }
        return Reply(
            projects: administrator.registry.projects().map {
                ProjectReport($0, clients: clients[$0, default: []].sorted(), administrator)
            }
        )
    }
}
