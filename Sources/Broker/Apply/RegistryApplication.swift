/// `apply`: makes the registry what a document wants, all of it or nothing.
package struct RegistryApplication: AdminRequest {
    /// Verifications that wait for the authorization server at the same time.
    private static let maxConcurrency = 4

    package var wanted: WantedRegistry
    /// The token endpoints that keys may name although no registered key uses them.
    package let allowedEndpoints: [String]
    /// Whether keys and clients that the document does not name are removed.
    package let prune: Bool
    /// Whether each key is minted with before it is stored.
    package let verify: Bool
    /// Whether it is only said what would be done.
    package var dryRun: Bool

    package struct Reply: Codable, Sendable {
        package let changes: [PlannedChange]
        /// Whether they are made.
        package let applied: Bool
        /// Clients that get a secret by it.
        package let newSecrets: [ClientID]
        /// Granted, but nobody registered a key for them.
        package let projectsWithoutKeys: [ProjectID]
        /// Projects with keys that may be meant by these.
        package let similarProjects: [ProjectID]?
        /// Registered keys that the document does not name, and that stay.
        package let unnamedKeys: [KeyID]
        /// Registered clients that the document does not name, and that stay.
        package let unnamedClients: [ClientID]
    }

    package init(
        _ wanted: WantedRegistry, allowing endpoints: [String] = [], prune: Bool, verify: Bool, dryRun: Bool
    ) {
        self.wanted = wanted
        allowedEndpoints = endpoints
        self.prune = prune
        self.verify = verify
        self.dryRun = dryRun
    }

    package var extent: StoreExtent { .everything }

    /// A second more for each key that may have to be minted with.
    package var timeout: Duration { .seconds(30 + (wanted.keys?.count ?? 0)) }

    package func perform(by administrator: Administrator) async throws -> Reply {
        try checkEndpoints(by: administrator)
        let plan = try RegistryPlan(for: wanted, prune: prune, by: administrator)
        var hasChanges = !plan.plannedChanges.isEmpty
        if hasChanges, !dryRun { hasChanges = try await apply(plan, by: administrator) }
        let keyless = keyless(administrator.core.registry)
        return Reply(
            changes: hasChanges ? plan.plannedChanges : [], applied: hasChanges && !dryRun,
            newSecrets: hasChanges ? plan.newSecrets : [], projectsWithoutKeys: keyless,
            similarProjects: administrator.core.registry.projects(similarTo: keyless),
            unnamedKeys: plan.unnamedKeys, unnamedClients: plan.unnamedClients
        )
    }

    /// Refuses a token endpoint that nobody confirmed: an author of documents could send other people's secrets there.
    private func checkEndpoints(by administrator: Administrator) throws {
        let allowed = try (allowedEndpoints + [TokenEndpointURL.sinch]).map(TokenEndpointURL.checked)
        let known = administrator.core.registry.endpoints.union(allowed)
        for key in wanted.keys ?? [] {
            do {
                let endpoint = try key.tokenEndpoint.map(TokenEndpointURL.checked)
                guard let endpoint, !known.contains(endpoint) else { continue }
                throw OperatorError(
                    .notPermitted, "no registered key uses the token endpoint '\(endpoint)'",
                    hint: "if it is right, confirm it with --allow-endpoint '\(endpoint)'"
                )
            } catch {
                throw key.located(error)
            }
        }
    }

    /// Makes the changes of a plan.
    ///
    /// - Returns: `false` if another command has already applied the same document with the same client secrets.
    private func apply(_ plan: RegistryPlan, by administrator: Administrator) async throws -> Bool {
        let withNewSecrets = Set(plan.newSecrets)
        let missing = wanted.clients?.first { $0.secret == nil && withNewSecrets.contains($0.clientID) }
        if let missing {
            throw missing.located(
                OperatorError(.conflict, "its secret was removed meanwhile", hint: "nothing was applied: apply again"))
        }
        let new = try await verified(plan.registrations, by: administrator)
        let changes = try await administrator.core.changes.make {
            let now = try RegistryPlan(for: wanted, prune: prune, by: administrator, with: new)
            let isAlreadyApplied = now.plannedChanges.isEmpty && plan.secretsInUse.isSubset(of: now.secretsInUse)
            guard isAlreadyApplied || now.plannedChanges == plan.plannedChanges else {
                throw OperatorError(
                    .conflict, "somebody else changed keys or clients meanwhile",
                    hint: "nothing was applied: apply again"
                )
            }
            return (now.changes, now.records)
        }
        guard !changes.isEmpty else { return false }
        for new in new.values {
            if let token = new.token { administrator.adopt(token, of: try administrator.key(new.key.id)) }
        }
        for key in plan.changedKeys { administrator.core.tokens.forgetFailures(of: key) }
        return true
    }

    /// Mints with each key that is to be registered; the first that does not work ends it.
    private func verified(
        _ keys: [WantedKey], by administrator: Administrator
    ) async throws -> [KeyID: NewKey] {
        try await withThrowingTaskGroup(of: NewKey.self) { group in
            var waiting = keys.makeIterator()
            func begin() {
                guard let key = waiting.next() else { return }
                group.addTask { try await verified(key, by: administrator) }
            }
            for _ in 0..<Self.maxConcurrency { begin() }
            var new: [KeyID: NewKey] = [:]
            while let key = try await group.next() {
                new[key.key.id] = key
                begin()
            }
            return new
        }
    }

    private func verified(_ key: WantedKey, by administrator: Administrator) async throws -> NewKey {
        do {
            return try await key.registration(secret: key.secret ?? "", verify: verify).verified(by: administrator)
        } catch {
            throw key.located(error)
        }
    }

    private func keyless(_ registry: Registry) -> [ProjectID] {
        let projects = Set((wanted.clients ?? []).flatMap(\.projects))
        return projects.subtracting((wanted.keys ?? []).map(\.projectID)).filter { !registry.has($0) }.sorted()
    }
}
