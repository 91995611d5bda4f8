/// What has to change for the registry to be as a document wants it.
struct RegistryPlan {
    let administrator: Administrator
    /// The keys that are ready to be registered.
    let new: [KeyID: NewKey]

    var plannedChanges: [PlannedChange] = []
    var records: [AuditRecord] = []
    /// Keys that are to be registered; `changes` are whole when each of them is in `new`.
    var registrations: [WantedKey] = []
    /// Registered keys and clients that the document does not name, and that stay.
    var unnamedKeys: [KeyID] = []
    var unnamedClients: [ClientID] = []
    /// Clients that get a secret.
    var newSecrets: [ClientID] = []
    /// Of clients that are there and stay there, and of those that come.
    var secretsInUse: Set<ClientSecretVerifier> = []
    /// As they are before.
    var changedKeys: [AccessKey] = []

    // What ends comes before what begins, so that no project has two active keys on the way.
    var removals: [Change] = []
    var demotions: [Change] = []
    var additions: [Change] = []
    var promotions: [Change] = []

    var changes: [Change] { removals + demotions + additions + promotions }
    var registry: Registry { administrator.core.registry }

    /// Throws ``OperatorError`` where the document wants what cannot be; it says where.
    init(
        for wanted: WantedRegistry, prune: Bool, by administrator: Administrator, with new: [KeyID: NewKey] = [:]
    ) throws {
        self.administrator = administrator
        self.new = new
        let withoutKeys = try planKeys(
            wanted.keys ?? [], removed: wanted.removedKeys, unnamed: Unnamed(wanted.keys, prune: prune))
        try planClients(
            wanted.clients ?? [], removed: wanted.removedClients, unnamed: Unnamed(wanted.clients, prune: prune))
        try checkGrants(of: withoutKeys, to: wanted, prune: prune)
    }

    /// What happens to registered keys, or clients, that the document does not name.
    enum Unnamed {
        case removed
        case reported
        /// The document does not have the list.
        case ignored

        init<Element>(_ wanted: [Element]?, prune: Bool) {
            self = wanted == nil ? .ignored : prune ? .removed : .reported
        }
    }

    /// Throws ``OperatorError`` where a client would be granted a project that loses its last enabled key.
    private func checkGrants(of projects: Set<ProjectID>, to wanted: WantedRegistry, prune: Bool) throws {
        if projects.isEmpty { return }
        var grants = Dictionary(uniqueKeysWithValues: registry.clients.map { ($0.id, $0.grants) })
        if let clients = wanted.clients {
            if prune { grants = [:] }
            for client in clients { grants[client.clientID] = client.projects }
        }
        for client in wanted.removedClients { grants[client] = nil }
        for project in projects.sorted() {
            guard let client = grants.filter({ $1.contains(project) }).keys.min() else { continue }
            throw OperatorError(
                .conflict,
                "project '\(project)' would have no enabled key left, and client '\(client)' is granted it",
                hint: "give the project another key, or take the grant away as well"
            )
        }
    }
}
