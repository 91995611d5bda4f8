import Synchronization

/// The keys, clients and grants, in memory: what every hand-out is decided by.
///
/// Follows the store: a change stands here when it is durable there, and before it is acknowledged.
package final class Roster: Sendable {
    fileprivate struct State {
        var keys: [KeyID: AccessKey] = [:]
        var keysOfProject: [ProjectID: Set<KeyID>] = [:]
        var clients: [ClientID: Client] = [:]
        var clientsOfUser: [UInt32: Set<ClientID>] = [:]
    }

    /// Guards the keys, the clients and the indexes over them.
    private let state = Mutex(State())

    package init() {}

    package func apply(_ changes: [Change]) {
        state.withLock { state in
            for change in changes {
                switch change {
                case .putKey(let key): state.put(key)
                case .removeKey(let id): state.removeKey(id)
                case .putClient(let client): state.put(client)
                case .removeClient(let id): state.removeClient(id)
                case .putToken: break
                }
            }
        }
    }

    package func key(_ id: KeyID) -> AccessKey? { state.withLock { $0.keys[id] } }

    package func client(_ id: ClientID) -> Client? { state.withLock { $0.clients[id] } }

    package func clients(ofUser user: UInt32) -> [Client] {
        state.withLock { state in (state.clientsOfUser[user] ?? []).compactMap { state.clients[$0] } }
    }

    package func has(_ project: ProjectID) -> Bool { state.withLock { $0.keysOfProject[project] != nil } }

    /// The project's keys in the order in which they are tried: the active one, then those that stand by, the oldest
    /// first, then the disabled ones.
    package func keys(of project: ProjectID) -> [AccessKey] {
        let keys = state.withLock { state in (state.keysOfProject[project] ?? []).compactMap { state.keys[$0] } }
        // The usual case by far, on the way of every token.
        guard keys.count > 1 else { return keys }
        return keys.sorted { ($0.state.rank, $0.created, $0.id) < ($1.state.rank, $1.created, $1.id) }
    }

    package func enabledKeys(of project: ProjectID) -> [AccessKey] { keys(of: project).filter(\.isEnabled) }

    /// Whether the key with which a token was minted is still there, enabled, and the same.
    package func isEnabled(_ slot: TokenSlot) -> Bool {
        state.withLock { $0.keys[slot.keyID].map { $0.isEnabled && $0.version == slot.keyVersion } ?? false }
    }

    package func allKeys() -> [AccessKey] { state.withLock { Array($0.keys.values) } }

    package func allClients() -> [Client] { state.withLock { Array($0.clients.values) } }

    package func projects() -> [ProjectID] { state.withLock { $0.keysOfProject.keys.sorted() } }
}

extension Roster.State {
    mutating func put(_ key: AccessKey) {
        removeKey(key.id)
        keys[key.id] = key
        keysOfProject[key.project, default: []].insert(key.id)
    }

    mutating func removeKey(_ id: KeyID) {
        guard let key = keys.removeValue(forKey: id) else { return }
        keysOfProject[key.project]?.remove(id)
        if keysOfProject[key.project]?.isEmpty == true { keysOfProject[key.project] = nil }
    }

    mutating func put(_ client: Client) {
        removeClient(client.id)
        clients[client.id] = client
        for user in client.users { clientsOfUser[user, default: []].insert(client.id) }
    }

    mutating func removeClient(_ id: ClientID) {
        guard let client = clients.removeValue(forKey: id) else { return }
        for user in client.users {
            clientsOfUser[user]?.remove(id)
            if clientsOfUser[user]?.isEmpty == true { clientsOfUser[user] = nil }
        }
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
