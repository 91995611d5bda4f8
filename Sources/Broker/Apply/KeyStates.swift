/// The states of a project's keys as a document wants them: where one is enabled, one is active.
struct KeyStates {
    private var states: [KeyID: AccessKey.State] = [:]

    /// - Parameter staying: those that are there and stay there, in the order in which they are tried.
    ///
    /// Throws ``OperatorError`` where no keys can be in the states that are wanted.
    init(of staying: [AccessKey], wanted: [WantedKey]) throws {
        let active = wanted.filter { $0.state == .active }
        if active.count > 1 {
            throw active[1].located(
                OperatorError(
                    .invalid, "a project has one active key, and '\(active[0].keyID)' is to be active as well")
            )
        }
        for key in staying { states[key.id] = key.state == .active && !active.isEmpty ? .standby : key.state }
        for key in wanted { states[key.keyID] = key.state ?? states[key.keyID] ?? .standby }
        guard hasEnabled, !states.values.contains(.active) else { return }
        let fixed = Set(wanted.filter { $0.state != nil }.map(\.keyID))
        let next = (staying.map(\.id) + wanted.map(\.keyID)).first { states[$0] != .disabled && !fixed.contains($0) }
        if let next {
            states[next] = .active
        } else if let key = wanted.first(where: { $0.state == .standby }) {
            throw key.located(
                OperatorError(.invalid, "every enabled key of its project is to stand by, and one has to be active"))
        }
    }

    subscript(id: KeyID) -> AccessKey.State { states[id] ?? .standby }

    var hasEnabled: Bool { states.values.contains { $0 != .disabled } }
}
