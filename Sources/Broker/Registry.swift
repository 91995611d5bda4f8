package import Foundation
import Synchronization

/// The keys, clients and grants, in memory: what every hand-out is decided by.
///
/// Follows the store: a change stands here when it is durable there, and before it is acknowledged.
package final class Registry: Sendable {
    private let defaultTokenEndpoint: URL
    /// Guards the keys, the clients, the indexes over them, and the validities that end when they change.
    private let state = Mutex(RegistryState())

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

    /// What rests on a client, what it may be recognised by and a project's keys is valid as long as these.
    ///
    /// `nil` when there was a change after `version`: what was decided since then may be decided otherwise now.
    func validities(
        _ client: ClientID, _ identities: [Identity], _ project: ProjectID, since version: Int
    ) -> [Validity]? {
        state.withLock { state in
            guard state.version == version else { return nil }
            let subjects: [RegistryState.Subject] = [.client(client), .project(project)]
            return (subjects + identities.map { .identity($0) }).map { state.validity(of: $0) }
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

    /// The clients that are recognised by any of these.
    func clients(recognizedBy identities: [Identity]) -> [Client] {
        state.withLock { state in
            Set(identities.flatMap { state.clientsOfIdentity[$0] ?? [] }).compactMap { state.clients[$0] }
        }
    }

    /// How many keys, projects and clients there are.
    package var counts: (keys: Int, projects: Int, clients: Int) {
        state.withLock { ($0.keys.count, $0.keysOfProject.count, $0.clients.count) }
    }

    /// The projects that have keys; a snapshot.
    package var projects: some Collection<ProjectID> { state.withLock(\.keysOfProject).keys }

    /// Projects with keys that may be meant where some without were named, for the first few of these; `nil` where there
    /// are none.
    func projects(similarTo named: [ProjectID]) -> [ProjectID]? {
        let projects = projects.lazy.map(\.description)
        let similar = named.filter { !has($0) }.prefix(5).compactMap { $0.description.closest(in: projects) }
            .compactMap { try? ProjectID($0) }
        return similar.isEmpty ? nil : similar
    }

    /// The keys' IDs; a snapshot.
    var keyIDs: some Collection<KeyID> { state.withLock(\.keys).keys }

    /// The keys; a snapshot.
    var keys: some Collection<AccessKey> { state.withLock(\.keys).values }

    /// The clients; a snapshot.
    package var clients: some Collection<Client> { state.withLock(\.clients).values }

    /// The token endpoints that keys name, and the default one.
    package var endpoints: Set<URL> {
        state.withLock { Set($0.keysOfEndpoint.keys) }.union([defaultTokenEndpoint])
    }
}
