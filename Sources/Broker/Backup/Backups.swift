package import Foundation
import Synchronization

/// The backup that is being made, and when the last one was complete.
///
/// One backup is made at a time: beginning another ends the one before.
package actor Backups {
    /// How often a backup verifies its whole audit log. The others verify the records that are new, so that their work does not
    /// grow with the log.
    private static let interval: Duration = .seconds(24 * 3600)

    private let store: any Store
    private let clock: any BrokerClock
    private var current: (id: String, backup: any Backup, verifiesAll: Bool)?
    /// The end of the last complete backup's audit log, and when a whole log was verified last.
    private var verified: (end: AuditPosition, all: Moment)?
    /// Guards the time of the last backup, which metrics read without waiting.
    private let lastTime: Mutex<Date?>

    /// - Parameter last: when the last backup was complete.
    init(of store: any Store, last: Date?, clock: any BrokerClock) {
        self.store = store
        self.clock = clock
        lastTime = Mutex(last)
    }

    /// When the last backup was complete and its file was durable; `nil` if the audit log has no record of one.
    package nonisolated var last: Date? { lastTime.withLock(\.self) }

    /// Begins a backup.
    ///
    /// - Returns: The ID by which the other methods find the backup.
    func begin() async throws -> String {
        let id = UUID().uuidString
        let recent = verified.flatMap { clock.now.boot - $0.all.boot < Self.interval ? $0.end : nil }
        let (previous, backup) = (current, try await store.backup(verifiedTo: recent))
        current = (id, backup, recent == nil)
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
    func complete(_ id: String, recording record: AuditRecord) async throws -> BackupContents {
        // Another backup may begin while this one is asked.
        let (backup, verifiesAll) = (try backup(id), current?.verifiesAll ?? false)
        let contents = try await backup.contents()
        if verifiesAll { verified = (contents.auditEnd, clock.now) }
        verified?.end = contents.auditEnd
        await end(id)
        try await store.recordBackup(record)
        lastTime.withLock { $0 = record.at }
        return contents
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
