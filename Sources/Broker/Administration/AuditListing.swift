/// `audit list`: the newest records, newest first.
package struct AuditListing: AdminRequest {
    /// Only what was recorded before this sequence number.
    package let before: Int64?
    package let limit: Int

    package struct Reply: Codable, Sendable {
        package let entries: [AuditEntry]
        /// The sequence number to go on before, where there are more.
        package let next: Int64?
    }

    package init(before: Int64? = nil, limit: Int) {
        self.before = before
        self.limit = limit
    }

    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> Reply {
        guard (1...Page<Project>.largest).contains(limit) else {
            throw OperatorError(.invalid, "a list is shown in parts of 1 to \(Page<Project>.largest)")
        }
        let entries = try await administrator.core.store.auditLog(before: before, limit: limit)
        return Reply(entries: entries, next: entries.count == limit ? entries.last?.sequence : nil)
    }
}
