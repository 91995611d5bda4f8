/// `key list`: of one project, or of all, project by project.
package struct KeyListing: AdminRequest {
    package let projectID: ProjectID?
    /// Of projects.
    package let page: Page<Project>

    package struct Reply: Codable, Sendable {
        package let keys: [KeyReport]
        /// The project to go on after, where there are more.
        package let next: ProjectID?
    }

    package init(of projectID: ProjectID) throws {
        self.projectID = projectID
        page = try Page()
    }

    package init(page: Page<Project>) {
        projectID = nil
        self.page = page
    }

    package var extent: StoreExtent { projectID.map { .part(projects: [$0]) } ?? .everything }

    package func perform(by administrator: Administrator) async throws -> Reply {
        let (projects, next) =
            projectID.map { ([$0], nil) } ?? page.elements(of: administrator.core.registry.projects) { $0 }
        return Reply(
            keys: projects.flatMap { administrator.core.registry.keys(of: $0) }.map { KeyReport($0, administrator) },
            next: next
        )
    }
}
