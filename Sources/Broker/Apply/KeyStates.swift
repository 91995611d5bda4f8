/// The states of a project's keys as a document wants them: where one is enabled, one is active.
struct KeyStates {
    private var states: [KeyID: AccessKey.State] = [:]

    /// - Parameter staying: those that are there and stay there, in the order in which they are tried.
    ///
    /// Throws ``OperatorError`` where no keys can be in the states that are wanted.
    init(of staying: [AccessKey], wanted: [WantedKey]) throws {
        let active = wanted.filter { $0.state == .active }
        if active.count > 1 {
            throw OperatorError(
                .invalid,
                "\(active[1].place): key '\(active[1].keyID)' is to be active, and so is '\(active[0].keyID)' "
                    + "(\(active[0].place)): a project has one active key"
            )
        }
        for key in staying { states[key.id] = key.state == .active && !active.isEmpty ? .standby : key.state }
        for key in wanted { states[key.keyID] = key.state ?? states[key.keyID] ?? .standby }
        guard hasEnabled, !states.values.contains(.active) else { return }
        let isFree = { [states] id in states[id] != .disabled && !wanted.contains { $0.keyID == id && $0.state != nil }
        }
        guard let next = (staying.map(\.id) + wanted.map(\.keyID)).first(where: isFree) else {
            let key = wanted.first { $0.state == .standby }
            throw OperatorError(
                .invalid,
                "\(key?.place ?? ""): every enabled key of project '\(key?.projectID.description ?? "")' is to stand by, "
                    + "and one of them has to be active"
            )
        }
        states[next] = .active
    }

    subscript(id: KeyID) -> AccessKey.State { states[id] ?? .standby }

    var hasEnabled: Bool { states.values.contains { $0 != .disabled } }
}
