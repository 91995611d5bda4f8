package import Foundation
import Synchronization

/// The keys, clients and grants, in memory: what every hand-out is decided by.
///
/// Follows the store: a change stands here when it is durable there, and before it is acknowledged.
package final class Registry: Sendable {
    fileprivate struct State {
        var keys: [KeyID: AccessKey] = [:]
        var keysOfProject: [ProjectID: Set<KeyID>] = [:]
        var clients: [ClientID: Client] = [:]
        var clientsOfUser: [UInt32: Set<ClientID>] = [:]
        /// What answers that stand rest on.
        var validities: [Subject: Validity] = [:]
        var version = 0
    }

    /// What a change can be about.
    fileprivate enum Subject: Hashable {
        case project(ProjectID)
        case client(ClientID)
        case user(UInt32)
    }

    /// Guards the keys, the clients, the indexes over them, and the validities that give way when they change.
    private let state = Mutex(State())
    private let defaultTokenEndpoint: URL

    /// - Parameter defaultTokenEndpoint: of the keys that name none.
    package init(defaultTokenEndpoint: URL) {
        self.defaultTokenEndpoint = defaultTokenEndpoint
    }

    package func apply(_ changes: [Change]) {
        state.withLock { state in
            state.version += 1
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

    /// Invalidates what rests on a project's keys, another of which comes first from now on.
    func invalidate(_ project: ProjectID) {
        state.withLock { state in
            state.version += 1
            state.changed(.project(project))
        }
    }

    /// Counts the changes.
    package var version: Int { state.withLock(\.version) }

    /// What rests on a client, the Unix user that it may be recognised by and a project's keys gives way with these.
    ///
    /// `nil` when there was a change after `version`: what was decided since then may be decided otherwise now.
    func validities(_ client: ClientID, _ user: UInt32?, _ project: ProjectID, since version: Int) -> [Validity]? {
        state.withLock { state in
            guard state.version == version else { return nil }
            var subjects: [Subject] = [.client(client), .project(project)]
            if let user { subjects.append(.user(user)) }
            return subjects.map { state.validity($0) }
        }
    }

    package func key(_ id: KeyID) -> AccessKey? { state.withLock { $0.keys[id] } }

    /// Where tokens are minted with a key.
    package func endpoint(of key: AccessKey) -> URL { key.tokenEndpoint ?? defaultTokenEndpoint }

    /// The same, of the default one when there is no such key.
    func endpoint(of key: KeyID) -> URL { self.key(key).map(endpoint(of:)) ?? defaultTokenEndpoint }

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

extension Registry.State {
    mutating func validity(_ subject: Registry.Subject) -> Validity {
        if let validity = validities[subject] { return validity }
        let validity = Validity()
        validities[subject] = validity
        return validity
    }

    mutating func changed(_ subject: Registry.Subject) {
        validities.removeValue(forKey: subject)?.invalidate()
    }

    mutating func put(_ key: AccessKey) {
        removeKey(key.id)
        changed(.project(key.project))
        keys[key.id] = key
        keysOfProject[key.project, default: []].insert(key.id)
    }

    mutating func removeKey(_ id: KeyID) {
        guard let key = keys.removeValue(forKey: id) else { return }
        changed(.project(key.project))
        keysOfProject[key.project]?.remove(id)
        if keysOfProject[key.project]?.isEmpty == true { keysOfProject[key.project] = nil }
    }

    mutating func put(_ client: Client) {
        removeClient(client.id)
        clients[client.id] = client
        for user in client.users {
            changed(.user(user))
            clientsOfUser[user, default: []].insert(client.id)
        }
    }

    mutating func removeClient(_ id: ClientID) {
        guard let client = clients.removeValue(forKey: id) else { return }
        changed(.client(id))
        for user in client.users {
            changed(.user(user))
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
