/// How much of the store is read.
package enum StoreExtent: Sendable {
    case everything
    /// At least the keys of these projects, of those that these keys belong to and of those that these clients are
    /// granted, with their tokens; and these clients.
    case part(projects: Set<ProjectID> = [], keys: Set<KeyID> = [], clients: Set<ClientID> = [])
}
