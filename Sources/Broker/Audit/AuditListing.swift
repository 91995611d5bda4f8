/// `audit list`: the newest records, newest first.
package struct AuditListing: AdminRequest {
    package let filter: AuditFilter
    /// Only what was recorded after this sequence number.
    package let after: Int64?
    /// Only what was recorded before this one.
    package let before: Int64?
    package let limit: Int

    package struct Reply: Codable, Sendable {
        package var entries: [AuditEntry]
        /// The sequence number to go on before, where there may be more: a page may have fewer records than asked for.
        package var next: Int64?
        /// The number of the newest record, whether it is among those or not.
        package let newest: Int64

        package init(entries: [AuditEntry], next: Int64?, newest: Int64) {
            self.entries = entries
            self.next = next
            self.newest = newest
        }
    }

    package init(_ filter: AuditFilter = AuditFilter(), after: Int64? = nil, before: Int64? = nil, limit: Int) {
        self.filter = filter
        self.after = after
        self.before = before
        self.limit = limit
    }

    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> Reply {
        guard (1...Page<Project>.largest).contains(limit) else {
            throw OperatorError(.invalid, "limit must be an integer from 1 to \(Page<Project>.largest)")
        }
        return try await administrator.core.store.auditLog(self)
    }
}
