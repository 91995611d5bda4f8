package import Foundation

/// `audit prune`: removes some more of the oldest audit records; asked again until none is left that is to be removed.
package struct AuditPruning: AdminRequest {
    package struct Reply: Codable, Sendable {
        /// How many were removed just now.
        package var removed: Int
        /// The number of the first record that is left.
        package var first: Int64
        package var isComplete: Bool
        /// The first of those removed that was not as the broker wrote it.
        package var fault: AuditFault?
        /// The size of the database.
        package var databaseBytes: Int
        /// Those of them that hold nothing, and are used again before the file grows.
        package var freeBytes: Int

        package init(
            removed: Int, first: Int64, isComplete: Bool, fault: AuditFault?, databaseBytes: Int = 0, freeBytes: Int = 0
        ) {
            self.removed = removed
            self.first = first
            self.isComplete = isComplete
            self.fault = fault
            self.databaseBytes = databaseBytes
            self.freeBytes = freeBytes
        }
    }

    /// What is older is removed, but for the newest record.
    package let before: Date
    /// Whether it goes on with what an earlier request began and recorded.
    package let goesOn: Bool

    package init(before: Date, goesOn: Bool = false) {
        self.before = before
        self.goesOn = goesOn
    }

    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> Reply {
        var record = administrator.record(.auditPruned)
        record.outcome = "before \(before.formatted(.iso8601))"
        return try await administrator.core.store.pruneAuditLog(before: before, recording: record, goesOn: goesOn)
    }
}
