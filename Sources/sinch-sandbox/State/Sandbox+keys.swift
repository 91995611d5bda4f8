import Foundation
import HTTPTypes
import Synchronization

extension Sandbox {
    /// As many keys as a project may have.
    static let maximumKeys = 10

    /// Registers a key whose ID and secret are known, or gives a key another secret.
    ///
    /// A key registered again after its deletion is the same key: its tokens live again.
    package func registerKey(id: String, secret: String, projectID: String, displayName: String = "") throws {
        let key = AccessKey(id: id, projectID: projectID, displayName: displayName, secret: secret, at: now())
        try add(key)
    }

    /// Creates a key with an ID and secret of its own.
    func createKey(projectID: String, displayName: String) throws -> AccessKey {
        let key = AccessKey(
            id: UUID().uuidString.lowercased(),
            projectID: projectID,
            displayName: displayName,
            secret: AccessKey.makeSecret(),
            at: now()
        )
        try add(key)
        return key
    }

    /// Deletes a key: it mints no more at once, its tokens die a little later.
    /// - Returns: whether there was such a key in the project, or in any, when none is named.
    @discardableResult
    package func deleteKey(id: String, projectID: String? = nil) -> Bool {
        state.withLock { state in
            guard let key = state.keys[id], projectID == nil || key.projectID == projectID else { return false }
            let now = now()
            state.keys[id] = nil
            state.deletedKeys[id] = now + state.settings.keyDeathSeconds
            // The tokens of a key that is in neither list are dead, so those that have died may be forgotten.
            state.deletedKeys = state.deletedKeys.filter { $0.value > now }
            return true
        }
    }

    /// The keys of a project, oldest first.
    func keys(ofProject projectID: String) -> [AccessKey] {
        state.withLock { state in
            state.keys.values
                .filter { $0.projectID == projectID }
                .sorted { ($0.createTime, $0.id) < ($1.createTime, $1.id) }
        }
    }

    private func add(_ key: AccessKey) throws(APIError) {
        try state.withLock { state throws(APIError) in
            let others = state.keys.values.count { $0.projectID == key.projectID && $0.id != key.id }
            guard others < Sandbox.maximumKeys else {
                throw APIError(.conflict, "A project can have at most \(Sandbox.maximumKeys) access keys.")
            }
            state.keys[key.id] = key
            state.deletedKeys[key.id] = nil
        }
    }
}
