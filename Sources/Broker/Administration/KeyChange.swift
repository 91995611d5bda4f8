/// `key activate`, `key disable`, `key enable` and `key remove`.
package struct KeyChange: AdminRequest {

    package enum Verb: String, Codable, Sendable {
        case activate, disable, enable, remove
    }

    package let keyID: KeyID
    package let verb: Verb
    /// Whether a project's last enabled key may be disabled or removed.
    package let force: Bool

    package init(_ verb: Verb, _ keyID: KeyID, force: Bool = false) {
        self.keyID = keyID
        self.verb = verb
        self.force = force
    }

    package var extent: StoreExtent { .part(keys: [keyID]) }

    /// The key as it was left, or as it was when it was removed.
    package func perform(by administrator: Administrator) async throws -> KeyReport {
        let key = try administrator.key(keyID)
        let before = KeyReport(key, administrator)
        try await administrator.core.changes.make {
            let key = try administrator.key(keyID)
            return (
                try changes(of: key, in: KeyRing(administrator.core.registry.keys(of: key.project))),
                [administrator.record(verb.action, project: key.project, key: key.id)]
            )
        }
        administrator.core.tokens.forgetFailures(of: key)
        return verb == .remove ? before : KeyReport(try administrator.key(keyID), administrator)
    }

    private func changes(of key: AccessKey, in ring: KeyRing) throws -> [Change] {
        guard verb.keepsEnabled || force || !ring.isLastEnabled(key) else {
            throw OperatorError(
                .conflict, "'\(key.id)' is the last enabled key of project '\(key.project)'",
                hint: "without it the project has no tokens; --force does it all the same"
            )
        }
        return switch verb {
        case .activate: ring.activating(key.id)
        case .enable: ring.enabling(key)
        case .disable: ring.disabling(key)
        case .remove: ring.removing(key)
        }
    }
}

extension KeyChange.Verb {
    fileprivate var keepsEnabled: Bool { self == .activate || self == .enable }

    fileprivate var action: AuditRecord.Action {
        switch self {
        case .activate: .keyActivated
        case .disable: .keyDisabled
        case .enable: .keyEnabled
        case .remove: .keyRemoved
        }
    }
}
