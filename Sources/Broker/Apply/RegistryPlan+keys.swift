import Foundation

extension RegistryPlan {
    /// - Returns: the projects that have an enabled key now and would have none.
    mutating func planKeys(
        _ wanted: [WantedKey], removed: Set<KeyID>, unnamed: Unnamed
    ) throws -> Set<ProjectID> {
        let byID = try wanted.byID(without: removed)
        let byProject = Dictionary(grouping: wanted, by: \.projectID)
        let others = registry.keys.filter { byID[$0.id] == nil }.sorted { $0.id < $1.id }
        let pruned = unnamed == .removed ? others : others.filter { removed.contains($0.id) }
        if unnamed == .reported { unnamedKeys = others.map(\.id).filter { !removed.contains($0) } }
        for key in pruned {
            plannedChanges.append(PlannedChange(.remove, key: key.id, of: key.project, []))
            remove(key)
        }
        let known = wanted.compactMap { registry.key($0.keyID) }
        let projects = Set(byProject.keys).union((pruned + known).map(\.project))
        var withoutKeys: Set<ProjectID> = []
        for project in projects.sorted() {
            let before = registry.keys(of: project)
            let staying = before.filter { key in
                byID[key.id].map { $0.projectID == project } ?? !(unnamed == .removed || removed.contains(key.id))
            }
            let wanted = byProject[project] ?? []
            let states = try KeyStates(of: staying, wanted: wanted)
            for key in wanted {
                do { try plan(key, in: states[key.keyID]) } catch { throw key.located(error) }
            }
            for key in staying where byID[key.id] == nil { setState(of: key, to: states[key.id]) }
            if before.contains(where: \.isEnabled), !states.hasEnabled { withoutKeys.insert(project) }
        }
        return withoutKeys
    }

    private mutating func plan(_ wanted: WantedKey, in state: AccessKey.State) throws {
        guard let key = registry.key(wanted.keyID) else {
            plannedChanges.append(
                PlannedChange(.add, key: wanted.keyID, of: wanted.projectID, ["state: \(state.rawValue)"]))
            return try register(wanted, in: state, because: "it is not registered yet")
        }
        let differences = try wanted.differences(from: key, by: administrator.core.sealer)
        if differences.isEmpty { return setState(of: key, to: state) }
        plannedChanges.append(
            PlannedChange(.change, key: key.id, of: wanted.projectID, differences + key.difference(from: state)))
        remove(key)
        try register(wanted, in: state, because: "to register it anew takes its secret")
    }

    private mutating func register(_ wanted: WantedKey, in state: AccessKey.State, because reason: String) throws {
        guard let secret = wanted.secret else {
            throw OperatorError(
                .invalid, "it has no 'secret_file', and \(reason)",
                hint: "name a file that holds the key secret alone"
            )
        }
        try wanted.registration(secret: secret, verify: false).check()
        registrations.append(wanted)
        guard let new = new[wanted.keyID] else { return }
        // A record of this ID that cannot be read may be in the way.
        removals.append(.removeKey(wanted.keyID))
        additions += new.changes(in: state)
        var record = administrator.record(.keyAdded, project: wanted.projectID, key: wanted.keyID)
        record.token = new.token?.digest
        records.append(record)
    }

    private mutating func remove(_ key: AccessKey) {
        changedKeys.append(key)
        removals.append(.removeKey(key.id))
        records.append(administrator.record(.keyRemoved, project: key.project, key: key.id))
    }

    private mutating func setState(of key: AccessKey, to state: AccessKey.State) {
        if state == key.state { return }
        plannedChanges.append(PlannedChange(.change, key: key.id, of: key.project, key.difference(from: state)))
        changedKeys.append(key)
        let change = Change.setKeyState(key.id, state)
        if state == .active { promotions.append(change) } else { demotions.append(change) }
        let action: AuditRecord.Action? =
            switch (key.state, state) {
            case (.disabled, _): .keyEnabled
            case (_, .disabled): .keyDisabled
            case (_, .active): .keyActivated
            // Another one's activation says it.
            default: nil
            }
        if let action { records.append(administrator.record(action, project: key.project, key: key.id)) }
    }
}

extension AccessKey {
    fileprivate func difference(from state: State) -> [String] {
        state == self.state ? [] : ["state: \(self.state.rawValue) → \(state.rawValue)"]
    }
}

extension WantedKey {
    /// What the key would have to be registered anew for.
    fileprivate func differences(from key: AccessKey, by sealer: any Sealer) throws -> [String] {
        let hasSecret = secret.map { $0 == (try? sealer.open(key.secret, from: key.secretPlace))?.reveal() } ?? true
        return [
            difference("project", key.project, projectID),
            difference("name", key.name ?? "", name ?? ""),
            difference(
                "token endpoint", key.tokenEndpoint?.absoluteString ?? "",
                try tokenEndpoint.map(TokenEndpointURL.checked)?.absoluteString ?? ""
            ),
            difference("scope", key.scope.description, try Scope(scope).description),
            hasSecret ? nil : "secret",
        ].compactMap(\.self)
    }

    private func difference<Value: Equatable>(_ name: String, _ old: Value, _ new: Value) -> String? {
        old == new ? nil : "\(name): '\(old)' → '\(new)'"
    }
}
