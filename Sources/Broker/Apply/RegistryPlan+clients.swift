import Foundation

extension RegistryPlan {
    mutating func planClients(_ wanted: [WantedClient], removed: Set<ClientID>, unnamed: Unnamed) throws {
        let byID = try wanted.byID(without: removed)
        let others = registry.clients.filter { byID[$0.id] == nil }.sorted { $0.id < $1.id }
        let pruned = unnamed == .removed ? others : others.filter { removed.contains($0.id) }
        if unnamed == .reported { unnamedClients = others.map(\.id).filter { !removed.contains($0) } }
        for client in pruned {
            plannedChanges.append(PlannedChange(.remove, client: client.id, []))
            removals.append(.removeClient(client.id))
            records.append(administrator.record(.clientRemoved, client: client.id))
        }
        secretsInUse = Set(registry.clients.flatMap(\.credentials).map(\.verifier))
            .subtracting(pruned.flatMap(\.credentials).map(\.verifier))
        for client in wanted {
            do { try plan(client) } catch { throw client.located(error) }
        }
    }

    private mutating func plan(_ wanted: WantedClient) throws {
        try wanted.check()
        if let known = registry.client(wanted.clientID) {
            try change(known, to: wanted)
        } else {
            try add(wanted)
        }
    }

    private mutating func add(_ wanted: WantedClient) throws {
        let credential = wanted.hasSecret ? try newSecret(of: wanted) : nil
        let client = Client(
            id: wanted.clientID, isEnabled: wanted.enabled ?? true,
            credentials: [credential].compactMap(\.self), identities: wanted.identities, grants: wanted.projects,
            created: administrator.core.clock.now.wall
        )
        var details = ["granted: \(wanted.projects.text)"]
        if !wanted.identities.isEmpty { details.append("recognised by: \(wanted.identities.text)") }
        if wanted.hasSecret { details.append("secret: new") }
        if !client.isEnabled { details.append("disabled") }
        plannedChanges.append(PlannedChange(.add, client: wanted.clientID, details))
        // A record of this ID that cannot be read may be in the way.
        removals.append(.removeClient(wanted.clientID))
        additions.append(.addClient(client))
        records += administrator.records(ofAdding: client)
    }

    private mutating func change(_ known: Client, to wanted: WantedClient) throws {
        var details: [String] = []
        func record(_ action: AuditRecord.Action, project: ProjectID? = nil) -> AuditRecord {
            administrator.record(action, project: project, client: known.id)
        }
        if known.identities != wanted.identities {
            details.append("recognised by: \(known.identities.text) → \(wanted.identities.text)")
            additions.append(.setIdentities(wanted.identities, of: known.id))
            records.append(record(.clientIdentitiesChanged))
        }
        let now = administrator.core.clock.now.wall
        if wanted.hasSecret, !known.credentials.contains(where: { $0.isLive(at: now) }) {
            details.append("secret: new")
            if let credential = try newSecret(of: wanted) { additions.append(.addSecret(credential, to: known.id)) }
            records.append(record(.clientRotated))
        }
        let granted = wanted.projects.subtracting(known.grants)
        if !granted.isEmpty { details.append("granted: \(granted.text)") }
        for project in granted.sorted() {
            additions.append(.grant(project, to: known.id))
            records.append(record(.clientGranted, project: project))
        }
        let revoked = known.grants.subtracting(wanted.projects)
        if !revoked.isEmpty { details.append("revoked: \(revoked.text)") }
        for project in revoked.sorted() {
            removals.append(.revoke(project, from: known.id))
            records.append(record(.clientRevoked, project: project))
        }
        if let isEnabled = wanted.enabled, isEnabled != known.isEnabled {
            details.append(isEnabled ? "disabled → enabled" : "enabled → disabled")
            additions.append(.setClientEnabled(known.id, isEnabled))
            records.append(record(isEnabled ? .clientEnabled : .clientDisabled))
        }
        if !details.isEmpty { plannedChanges.append(PlannedChange(.change, client: known.id, details)) }
    }

    /// `nil` where the secret was not asked for yet.
    private mutating func newSecret(of wanted: WantedClient) throws -> Client.Credential? {
        newSecrets.append(wanted.clientID)
        guard let secret = wanted.secret.map(Secret.init) else { return nil }
        let verifier = administrator.core.sealer.verifier(of: secret)
        guard secretsInUse.insert(verifier).inserted else {
            throw OperatorError(
                .conflict, "its secret is another client's",
                hint: "name a 'secret_file' that is not there, and a secret is generated"
            )
        }
        return Client.Credential(verifier: verifier, created: administrator.core.clock.now.wall, expires: nil)
    }
}

extension WantedClient {
    fileprivate func check() throws {
        if identities.isEmpty, !hasSecret {
            throw OperatorError(
                .invalid, "it can authenticate by nothing",
                hint: "name its 'users', its 'certificate_names' or a 'secret_file'"
            )
        }
        try UnixUser.check(users)
        try secret.map(Secret.init).map(ClientSecret.check)
    }
}

extension Set where Element: CustomStringConvertible {
    fileprivate var text: String { isEmpty ? "none" : map(\.description).sorted().joined(separator: ", ") }
}
