/// A project's keys, in the order in which they are tried, and what becomes of the others when one of them changes.
///
/// A project that has an enabled key has one that is active. What a change asks for comes out as changes; a demotion
/// comes before a promotion, so that there are never two active keys.
struct KeyRing: Sendable {
    /// The active one, then those that stand by, the oldest first, then the disabled ones.
    let keys: [AccessKey]

    init(_ keys: some Sequence<AccessKey>) {
        self.keys = keys.sorted { ($0.state.rank, $0.created, $0.id) < ($1.state.rank, $1.created, $1.id) }
    }

    var active: AccessKey? { keys.first { $0.state == .active } }

    /// Whether the project has no other enabled key.
    func isLastEnabled(_ key: AccessKey) -> Bool {
        key.isEnabled && !keys.contains { $0.isEnabled && $0.id != key.id }
    }

    /// The state that one more key gets, or one that is enabled.
    var stateOfNext: AccessKey.State { active == nil ? .active : .standby }

    func activating(_ id: KeyID) -> [Change] {
        guard active?.id != id else { return [] }
        return demotion + [.setKeyState(id, .active)]
    }

    func enabling(_ key: AccessKey) -> [Change] {
        key.isEnabled ? [] : [.setKeyState(key.id, stateOfNext)]
    }

    func disabling(_ key: AccessKey) -> [Change] {
        guard key.isEnabled else { return [] }
        return [.setKeyState(key.id, .disabled)] + promotion(insteadOf: key)
    }

    func removing(_ key: AccessKey) -> [Change] {
        [.removeKey(key.id)] + promotion(insteadOf: key)
    }

    /// Makes the active key stand by.
    var demotion: [Change] { active.map { [.setKeyState($0.id, .standby)] } ?? [] }

    private func promotion(insteadOf key: AccessKey) -> [Change] {
        guard key.state == .active, let next = keys.first(where: { $0.isEnabled && $0.id != key.id }) else { return [] }
        return [.setKeyState(next.id, .active)]
    }
}

extension AccessKey.State {
    fileprivate var rank: Int {
        switch self {
        case .active: 0
        case .standby: 1
        case .disabled: 2
        }
    }
}
