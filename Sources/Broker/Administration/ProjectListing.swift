/// `project list`.
package struct ProjectListing: AdminRequest {
    private let page: Page<Project>
    /// Only projects whose ID has this in it.
    private let search: String

    package struct Reply: Codable, Sendable {
        package let projects: [ProjectReport]
        /// The project to go on after, where there are more.
        package let next: ProjectID?
    }

    package init(page: Page<Project>, search: String = "") {
        self.page = page
        self.search = search
    }

    package var extent: StoreExtent { .everything }

    package func perform(by administrator: Administrator) async throws -> Reply {
        let registry = administrator.core.registry
        let (projects, next) = page.elements(of: registry.projects.lazy.filter { $0.contains(search) }) { $0 }
        var clients = Dictionary(uniqueKeysWithValues: projects.map { ($0, [ClientID]()) })
        for client in registry.clients {
            // Whichever are fewer.
            if client.grants.count < projects.count {
                for project in client.grants { clients[project]?.append(client.id) }
            } else {
                for project in projects where client.grants.contains(project) { clients[project]?.append(client.id) }
            }
        }
        return Reply(
            projects: projects.map { ProjectReport($0, clients: clients[$0, default: []].sorted(), administrator) },
            next: next
        )
    }
}
