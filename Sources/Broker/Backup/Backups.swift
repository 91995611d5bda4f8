package import Foundation
import Synchronization

/// The backup that is being made, and when the last one was complete.
///
/// One backup is made at a time: beginning another ends the one before. A backup that no request asks for during
/// ``idleLimit`` is ended as well: its copy takes as much space as the database.
package actor Backups {
    /// A command that writes to a slow disk asks for nothing while it makes the file durable and reads it again.
    package static let idleLimit: Duration = .seconds(900)

    private struct Current {
        let id: String
        let backup: any Backup
        let verifiesAll: Bool
        let begin: Date
        var lastRequest: Duration
    }

    /// How often a backup verifies its whole audit log. The others verify the records that are new, so that their work does not
    /// grow with the log.
    private static let interval: Duration = .seconds(24 * 3600)

    private let store: any Store
    private let clock: any BrokerClock
    private var current: Current?
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

    /// When the backup that is being made was begun.
    var beginOfCurrent: Date? { current?.begin }

    /// Begins a backup.
    ///
    /// - Returns: The ID by which the other methods find the backup.
    func begin() async throws -> String {
        let id = UUID().uuidString
        let recent = verified.flatMap { clock.now.boot - $0.all.boot < Self.interval ? $0.end : nil }
        let (previous, backup) = (current, try await store.backup(verifiedTo: recent))
        let now = clock.now
        current = Current(
            id: id, backup: backup, verifiesAll: recent == nil, begin: now.wall, lastRequest: now.boot)
        await previous?.backup.end()
        return id
    }

    /// - Throws: ``OperatorError`` if the backup was ended.
    func backup(_ id: String) throws -> any Backup {
        guard let current, current.id == id else {
            throw OperatorError(
                .conflict,
                "the backup was ended: another one was begun, or no request came for \(Self.idleLimit.text)",
                hint: "make one backup at a time"
            )
        }
        self.current?.lastRequest = clock.now.boot
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

    /// Ends the backup whose command was interrupted.
    func endIdle() async {
        if let current, clock.now.boot - current.lastRequest >= Self.idleLimit { await end(current.id) }
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
