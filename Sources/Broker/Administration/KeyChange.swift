/// `key activate`, `key disable`, `key enable` and `key remove`.
package struct KeyChange: AdminRequest {
    package static let name = "key/change"

    package enum Verb: String, Codable, Sendable {
        case activate, disable, enable, remove
    }

    package let keyID: KeyID
    package let verb: Verb
    /// Whether a project's last enabled key may be removed.
    package let force: Bool

    package init(_ verb: Verb, _ keyID: KeyID, force: Bool = false) {
        self.keyID = keyID
        self.verb = verb
        self.force = force
    }

    /// The key as it was left, or as it was when it was removed.
    package func perform(by administrator: Administrator, for actor: Actor) async throws -> KeyReport {
        let key = try administrator.key(keyID)
        let before = KeyReport(key, administrator)
        try await administrator.change {
            let key = try administrator.key(keyID)
            return (
                try changes(of: key, in: administrator.registry),
                administrator.record(verb.action, by: actor, project: key.project, key: key.id)
            )
        }
        switch verb {
        case .activate, .enable: administrator.failures.forget(key)
        case .disable: break
        case .remove:
            administrator.tokens.forget(key)
            return before
        }
        return KeyReport(try administrator.key(keyID), administrator)
    }

    private func changes(of key: AccessKey, in registry: Registry) throws -> [Change] {
        var key = key
        switch verb {
        case .activate:
            key.state = .active
            return registry.demotion(in: key.project) + [.putKey(key)]
        case .enable:
            guard !key.isEnabled else { return [] }
            let hasActive = registry.keys(of: key.project).contains { $0.state == .active }
            key.state = hasActive ? .standby : .active
            return [.putKey(key)]
        case .disable:
            let wasActive = key.state == .active
            key.state = .disabled
            return [.putKey(key)] + (wasActive ? registry.promotion(in: key.project, insteadOf: key.id) : [])
        case .remove:
            guard force || !key.isEnabled || registry.enabledKeys(of: key.project).count > 1 else {
                throw OperatorError(
                    .conflict, "'\(key.id)' is the last enabled key of project '\(key.project)'",
                    hint: "without it the project has no tokens; --force removes it all the same"
                )
            }
            return [.removeKey(key.id)]
                + (key.state == .active ? registry.promotion(in: key.project, insteadOf: key.id) : [])
        }
    }
}

extension KeyChange.Verb {
    fileprivate var action: AuditRecord.Action {
        switch self {
        case .activate: .keyActivated
        case .disable: .keyDisabled
        case .enable: .keyEnabled
        case .remove: .keyRemoved
        }
    }
}

extension Registry {
    /// Makes the project's active key stand by.
    func demotion(in project: ProjectID) -> [Change] {
        keys(of: project).filter { $0.state == .active }.map { key in
            var key = key
            key.state = .standby
            return .putKey(key)
        }
    }

    /// Makes the project's next key active, when it has one.
    func promotion(in project: ProjectID, insteadOf id: KeyID) -> [Change] {
        enabledKeys(of: project).filter { $0.id != id }.prefix(1).map { key in
            var key = key
            key.state = .active
            return .putKey(key)
        }
    }
}

/// `key verify`: mints once with the key, whatever is cached; its quarantine ends when that works.
package struct KeyVerification: AdminRequest {
    package static let name = "key/verify"
    package let keyID: KeyID

    package init(_ keyID: KeyID) {
        self.keyID = keyID
    }

    package func perform(by administrator: Administrator, for actor: Actor) async throws -> KeyReport {
        let key = try administrator.key(keyID)
        let token = try await administrator.verify(key)
        var record = administrator.record(.keyVerified, by: actor, project: key.project, key: key.id)
        record.token = token.digest
        try await administrator.change { [record] in ([], record) }
        administrator.adopt(token, of: key)
        return KeyReport(key, administrator)
    }
}
