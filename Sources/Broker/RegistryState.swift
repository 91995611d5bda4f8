import Foundation

/// The keys, clients and grants, the indexes over them, and the validities that end when they change.
struct RegistryState: Sendable {
    /// What a change can be about.
    enum Subject: Hashable {
        case project(ProjectID)
        case client(ClientID)
        case identity(Identity)
    }

    var keys: [KeyID: AccessKey] = [:]
    var keysOfProject: [ProjectID: [KeyID]] = [:]
    /// Of the keys that name one.
    var keysOfEndpoint: [URL: [KeyID]] = [:]
    var clients: [ClientID: Client] = [:]
    var clientsOfIdentity: [Identity: [ClientID]] = [:]
    /// What cached responses rest on, where there are any.
    var validities: [Subject: Validity] = [:]
    var version = 0

    mutating func validity(of subject: Subject) -> Validity {
        if let validity = validities[subject] { return validity }
        let validity = Validity()
        validities[subject] = validity
        return validity
    }

    mutating func invalidate(_ subject: Subject) {
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
            guard let key = keys[id] else { return }
            keys[id] = key.with(state: state)
            invalidate(.project(key.project))
        case .removeKey(let id):
            guard let key = keys.removeValue(forKey: id) else { return }
            keysOfProject.remove(id, from: key.project)
            if let endpoint = key.tokenEndpoint { keysOfEndpoint.remove(id, from: endpoint) }
            invalidate(.project(key.project))
        case .addClient(let client):
            clients[client.id] = client
            index(client.identities, of: client.id)
        case .removeClient(let id):
            guard let client = clients.removeValue(forKey: id) else { return }
            removeFromIndex(client.identities, of: id)
            invalidate(.client(id))
        case .setIdentities(let identities, let id):
            guard let client = clients[id] else { return }
            removeFromIndex(client.identities, of: id)
            clients[id]?.identities = identities
            index(identities, of: id)
            invalidate(.client(id))
        case .setClientEnabled(let id, let isEnabled):
            clients[id]?.isEnabled = isEnabled
            for identity in clients[id]?.identities ?? [] { invalidate(.identity(identity)) }
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

    private mutating func index(_ identities: Set<Identity>, of client: ClientID) {
        for identity in identities {
            clientsOfIdentity[identity, default: []].append(client)
            invalidate(.identity(identity))
        }
    }

    private mutating func removeFromIndex(_ identities: Set<Identity>, of client: ClientID) {
        for identity in identities {
            clientsOfIdentity.remove(client, from: identity)
            invalidate(.identity(identity))
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
