/// `client list`.
package struct ClientListing: AdminRequest {
    package static let name = "client/list"
    package let page: Page<Client>

    package struct Reply: Codable, Sendable {
        package let clients: [ClientReport]
        /// The client to go on after, where there are more.
        package let next: ClientID?
    }

    package init(page: Page<Client>) {
        self.page = page
    }

    package func perform(by administrator: Administrator, for actor: Actor) async throws -> Reply {
        let (clients, next) = page.elements(of: administrator.registry.clients, by: \.id)
        return Reply(clients: try clients.map { try ClientReport($0, administrator) }, next: next)
    }
}
