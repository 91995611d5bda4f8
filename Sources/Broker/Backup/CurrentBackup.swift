import Foundation

/// The one backup that is made at a time: whoever begins another ends the one before.
actor CurrentBackup {
    private let store: any Store
    private var current: (id: String, backup: any Backup)?

    init(of store: any Store) {
        self.store = store
    }

    /// Returns what the backup is called from now on.
    func begin() async throws -> String {
        let id = UUID().uuidString
        let (previous, backup) = (current, try await store.backup())
        current = (id, backup)
        await previous?.backup.end()
        return id
    }

    /// Throws ``OperatorError`` when it was ended.
    func backup(_ id: String) throws -> any Backup {
        guard let current, current.id == id else {
            throw OperatorError(
                .conflict, "the backup was ended: another one was begun", hint: "make one backup at a time"
            )
        }
        return current.backup
    }

    func end(_ id: String? = nil) async {
        guard let current, id == nil || id == current.id else { return }
        self.current = nil
        await current.backup.end()
    }
}
