/// `client list`.
package struct ClientListing: AdminRequest {
    package let page: Page<Client>

    package struct Reply: Codable, Sendable {
        package let clients: [ClientReport]
        /// The client to go on after, where there are more.
        package let next: ClientID?
    }

    package init(page: Page<Client>) {
        self.page = page
    }

    package var extent: StoreExtent { .everything }

    package func perform(by administrator: Administrator) async throws -> Reply {
        let (clients, next) = page.elements(of: administrator.core.registry.clients, by: \.id)
        return Reply(clients: try clients.map { try ClientReport($0, administrator) }, next: next)
    }
}
