package import Foundation
import Synchronization

/// The keys, clients and grants, in memory: what every hand-out is decided by.
///
/// Follows the store: a change stands here when it is durable there, and before it is acknowledged.
package final class Registry: Sendable {
    /// What a change can be about.
    fileprivate enum Subject: Hashable {
        case project(ProjectID)
        case client(ClientID)
        case user(UInt32)
    }

    fileprivate struct State {
        var keys: [KeyID: AccessKey] = [:]
        var keysOfProject: [ProjectID: [KeyID]] = [:]
        /// Of the keys that name one.
        var keysOfEndpoint: [URL: [KeyID]] = [:]
        var clients: [ClientID: Client] = [:]
        var clientsOfUser: [UInt32: [ClientID]] = [:]
        /// What cached responses rest on, where there are any.
        var validities: [Subject: Validity] = [:]
        var version = 0
    }

    private let defaultTokenEndpoint: URL
    /// Guards the keys, the clients, the indexes over them, and the validities that end when they change.
    private let state = Mutex(State())

    /// - Parameter defaultTokenEndpoint: of the keys that name none.
    package init(defaultTokenEndpoint: URL) {
        self.defaultTokenEndpoint = defaultTokenEndpoint
    }

    /// Takes over what was durable at the start.
    func load(keys: [AccessKey], clients: [Client]) {
        state.withLock { state in
            state.keys.reserveCapacity(keys.count)
            state.keysOfProject.reserveCapacity(keys.count)
            state.clients.reserveCapacity(clients.count)
            for key in keys { state.apply(.addKey(key)) }
            for client in clients { state.apply(.addClient(client)) }
        }
    }

    /// Takes over what is durable, and invalidates what rests on what it changes.
    package func apply(_ changes: [Change]) {
        state.withLock { state in
            state.version += 1
            for change in changes { state.apply(change) }
        }
    }

    /// Invalidates what rests on a project's keys, another of which comes first from now on.
    func invalidate(_ project: ProjectID) {
        state.withLock { state in
            state.version += 1
            state.invalidate(.project(project))
        }
    }

    /// Counts the changes.
    package var version: Int { state.withLock(\.version) }

    /// What rests on a client, the Unix user that it may be recognised by and a project's keys is valid as long as these.
    ///
    /// `nil` when there was a change after `version`: what was decided since then may be decided otherwise now.
    func validities(_ client: ClientID, _ user: UInt32?, _ project: ProjectID, since version: Int) -> [Validity]? {
        state.withLock { state in
            guard state.version == version else { return nil }
            var subjects: [Subject] = [.client(client), .project(project)]
            if let user { subjects.append(.user(user)) }
            return subjects.map { state.validity(of: $0) }
        }
    }

    package func key(_ id: KeyID) -> AccessKey? { state.withLock { $0.keys[id] } }

    /// Whether the key with which a token was minted is still there, and the same.
    func has(_ slot: TokenSlot) -> Bool { key(slot.keyID)?.version == slot.keyVersion }

    /// Whether it is enabled as well.
    package func isEnabled(_ slot: TokenSlot) -> Bool {
        key(slot.keyID).map { $0.isEnabled && $0.version == slot.keyVersion } ?? false
    }

    /// Where tokens are minted with a key.
    package func endpoint(of key: AccessKey) -> URL { key.tokenEndpoint ?? defaultTokenEndpoint }

    /// The same; the default one when there is no such key.
    func endpoint(of key: KeyID) -> URL { self.key(key).map(endpoint(of:)) ?? defaultTokenEndpoint }

    package func has(_ project: ProjectID) -> Bool { state.withLock { $0.keysOfProject[project] != nil } }

    /// The project's keys in the order in which they are tried.
    package func keys(of project: ProjectID) -> [AccessKey] {
        let keys = state.withLock { state in (state.keysOfProject[project] ?? []).compactMap { state.keys[$0] } }
        // The usual case by far, on the way of every token.
        return keys.count > 1 ? KeyRing(keys).keys : keys
    }

    package func enabledKeys(of project: ProjectID) -> [AccessKey] { keys(of: project).filter(\.isEnabled) }

    package func client(_ id: ClientID) -> Client? { state.withLock { $0.clients[id] } }

    package func clients(ofUser user: UInt32) -> [Client] {
        state.withLock { state in (state.clientsOfUser[user] ?? []).compactMap { state.clients[$0] } }
    }

    /// How many keys, projects and clients there are.
    package var counts: (keys: Int, projects: Int, clients: Int) {
        state.withLock { ($0.keys.count, $0.keysOfProject.count, $0.clients.count) }
    }

    /// The projects that have keys; a snapshot.
    package var projects: some Collection<ProjectID> { state.withLock(\.keysOfProject).keys }

    /// The clients; a snapshot.
    package var clients: some Collection<Client> { state.withLock(\.clients).values }

    /// The token endpoints that keys name, and the default one.
    package var endpoints: Set<URL> {
        state.withLock { Set($0.keysOfEndpoint.keys) }.union([defaultTokenEndpoint])
    }
}

extension Registry.State {
    mutating func validity(of subject: Registry.Subject) -> Validity {
        if let validity = validities[subject] { return validity }
        let validity = Validity()
        validities[subject] = validity
        return validity
    }

    mutating func invalidate(_ subject: Registry.Subject) {
        validities.removeValue(forKey: subject)?.invalidate()
    }

    mutating func apply(_ change: Change) {
        switch change {
        case .addKey(let key):
            keys[key.id] = key
            keysOfProject[key.project, default: []].append(key.id)
            if let endpoint = key.tokenEndpoint { keysOfEndpoint[endpoint, default: []].append(key.id) }
            invalidate(.project(key.project))
        case .setKeyState(let id, let state):
            keys[id]?.state = state
            if let project = keys[id]?.project { invalidate(.project(project)) }
        case .removeKey(let id):
            guard let key = keys.removeValue(forKey: id) else { return }
            keysOfProject.remove(id, from: key.project)
            if let endpoint = key.tokenEndpoint { keysOfEndpoint.remove(id, from: endpoint) }
            invalidate(.project(key.project))
        case .addClient(let client):
            clients[client.id] = client
            for user in client.users {
                clientsOfUser[user, default: []].append(client.id)
                invalidate(.user(user))
            }
        case .removeClient(let id):
            guard let client = clients.removeValue(forKey: id) else { return }
            for user in client.users {
                clientsOfUser.remove(id, from: user)
                invalidate(.user(user))
            }
            invalidate(.client(id))
        case .setClientEnabled(let id, let isEnabled):
            clients[id]?.isEnabled = isEnabled
            for user in clients[id]?.users ?? [] { invalidate(.user(user)) }
            invalidate(.client(id))
        case .grant(let project, let id):
            clients[id]?.grants.insert(project)
            invalidate(.client(id))
        case .revoke(let project, let id):
            clients[id]?.grants.remove(project)
            invalidate(.client(id))
        case .addSecret(let credential, let id):
            clients[id]?.credentials.insert(credential, at: 0)
            invalidate(.client(id))
        case .endSecret(let verifier, let id, let date):
            if let index = clients[id]?.credentials.firstIndex(where: { $0.verifier == verifier }) {
                clients[id]?.credentials[index].expires = date
            }
            invalidate(.client(id))
        case .removeSecret(let verifier, let id):
            clients[id]?.credentials.removeAll { $0.verifier == verifier }
            invalidate(.client(id))
        case .putToken:
            break
        }
    }
}

extension Dictionary {
    /// Removes a member of the list under a key, and the list with the last one.
    fileprivate mutating func remove<Member: Equatable>(_ member: Member, from key: Key)
    where Value: RangeReplaceableCollection<Member> {
        self[key]?.removeAll { $0 == member }
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}
