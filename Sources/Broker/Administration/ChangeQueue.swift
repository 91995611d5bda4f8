/// Makes changes one after the other, each durable together with its audit records before it counts.
package actor ChangeQueue {
    private let registry: Registry
    private let store: any Store
    private let health: Health
    private var last: Task<Void, Never>?

    init(registry: Registry, store: any Store, health: Health) {
        self.registry = registry
        self.store = store
        self.health = health
    }

    /// Decides on changes, commits them and puts them into effect, after those that came before.
    ///
    /// They belong to the broker: whoever asked may go away, they are wholly made or wholly not.
    ///
    /// - Returns: the changes that were made.
    @discardableResult
    func make(
        _ decide: @escaping @Sendable () throws -> (changes: [Change], records: [AuditRecord])
    ) async throws -> [Change] {
        let previous = last
        let task = Task { [store, registry, health] in
            await previous?.value
            let (changes, records) = try decide()
            try await store.commit(changes, recording: records)
            registry.apply(changes)
            health.report(registry)
            return changes
        }
        last = Task { _ = await task.result }
        return try await task.value
    }
}
