package import Foundation

/// What the broker keeps over a restart.
///
/// Reading happens once, at the start: handing out a token never reads the store.
package protocol Store: Sendable {
    func contents(of extent: StoreExtent) async throws -> StoreContents

    /// Writes, whether there is a need or not, and checks that the master key opens what is sealed and is in its file.
    ///
    /// This and the others throw ``StoreFailure`` for what is the disk's fault.
    func check() async throws -> MasterKeyCheck

    /// Makes the changes and appends the records, all or nothing; durable when it returns.
    func commit(_ changes: [Change], recording records: [AuditRecord]) async throws

    /// Appends a record, in one transaction with others that come at the same time; durable when it returns.
    ///
    /// A first hand-out of a token to a client that stands there already is not recorded twice.
    func record(_ record: AuditRecord) async throws

    /// Saves when keys and client secrets were used last. Nothing that counts depends on it.
    func save(_ uses: [(owner: Use.Owner, last: Date)]) async throws

    func removeTokens(expiredBefore date: Date) async throws

    /// Begins to put another master key in the place of the present one; nothing while that is unfinished.
    ///
    /// - Parameter newFile: where the operator expects the new one to be, if he said so.
    /// - Returns: whether it began.
    @discardableResult
    func beginMasterKeyRotation(newFile: String?, recording record: AuditRecord) async throws -> Bool

    /// Seals some more records under the newest master key, until none is left.
    ///
    /// - Parameter end: recorded with the last one of a rotation.
    func rotateMasterKey(recording end: AuditRecord) async throws -> MasterKeyProgress

    /// What is left to do of a rotation, as of the last step or check; `nil` if there is nothing.
    var unfinishedRotation: UnfinishedRotation? { get }

    /// Begins a copy of everything.
    ///
    /// - Parameter verified: the place up to which the audit log was verified before; `nil` to verify all of the copy's log.
    func backup(verifiedTo verified: AuditPosition?) async throws -> any Backup

    /// Verifies some more of the audit log, from its start or from where it was verified before.
    ///
    /// - Parameter anchor: a place that it must still have.
    func verifyAuditLog(after position: AuditPosition?, anchor: AuditPosition?) async throws -> AuditProof

    /// Removes some more of the oldest audit records.
    ///
    /// - Parameters:
    ///   - record: of the removal, with its first part.
    ///   - goesOn: whether this is another part of it.
    func pruneAuditLog(before date: Date, recording record: AuditRecord, goesOn: Bool) async throws
        -> AuditPruning.Reply

    func auditLog(_ request: AuditListing) async throws -> AuditListing.Reply
}

package struct StoreContents: Sendable {
    package var keys: [AccessKey]
    package var clients: [Client]
    package var tokens: [SealedToken]
    /// What cannot be read, and is not among the others.
    package var unreadable: [UnreadableRecord]
    /// When the last backup was complete; `nil` if the audit log has no record of a backup.
    package var lastBackup: Date?

    package init(
        keys: [AccessKey], clients: [Client], tokens: [SealedToken], unreadable: [UnreadableRecord] = [],
        lastBackup: Date? = nil
    ) {
        self.keys = keys
        self.clients = clients
        self.tokens = tokens
        self.unreadable = unreadable
        self.lastBackup = lastBackup
    }
}
