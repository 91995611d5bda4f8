package import Foundation
import Synchronization

/// The backup that is being made, and when the last one was complete.
///
/// One backup is made at a time: beginning another ends the one before.
package actor Backups {
    private let store: any Store
    private var current: (id: String, backup: any Backup)?
    /// Guards the time of the last backup, which metrics read without waiting.
    private let lastTime: Mutex<Date?>

    /// - Parameter last: when the last backup was complete.
    init(of store: any Store, last: Date?) {
        self.store = store
        lastTime = Mutex(last)
    }

    /// When the last backup was complete and its file was durable; `nil` if the audit log has no record of one.
    package nonisolated var last: Date? { lastTime.withLock(\.self) }

    /// Begins a backup.
    ///
    /// - Returns: The ID by which the other methods find the backup.
    func begin() async throws -> String {
        let id = UUID().uuidString
        let (previous, backup) = (current, try await store.backup())
        current = (id, backup)
        await previous?.backup.end()
        return id
    }

    /// - Throws: ``OperatorError`` if the backup was ended.
    func backup(_ id: String) throws -> any Backup {
        guard let current, current.id == id else {
            throw OperatorError(
                .conflict, "the backup was ended: another one was begun", hint: "make one backup at a time"
            )
        }
        return current.backup
    }

    /// Records that a backup is complete, and ends it.
    func complete(_ id: String, recording record: AuditRecord) async throws {
        _ = try backup(id)
        await end(id)
        try await store.recordBackup(record)
        lastTime.withLock { $0 = record.at }
    }

    /// Ends a backup, or the one that is being made.
    func end(_ id: String? = nil) async {
        guard let current, id == nil || id == current.id else { return }
        self.current = nil
        await current.backup.end()
    }
}

extension Store {
    /// Records something about a backup, also while the database file is missing: then nothing can be recorded, and a backup
    /// is the only way to save the data.
    func recordBackup(_ record: AuditRecord) async throws {
        do {
            try await self.record(record)
        } catch let failure as StoreFailure where failure.kind == .missing {}
    }
}
