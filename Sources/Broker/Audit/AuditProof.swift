/// How far the audit log has been verified.
package struct AuditProof: Sendable, Codable, Equatable {
    /// The number of its first record, where older ones were pruned.
    package let first: Int64
    /// The last record that was verified.
    package var anchor: AuditPosition
    /// The number of its newest record.
    package let end: Int64
    /// The first one; nothing behind it was looked at.
    package var fault: AuditFault?
    /// Whether all of it is whole.
    package var isWhole = false

    package init(first: Int64, anchor: AuditPosition, end: Int64, fault: AuditFault? = nil) {
        self.first = first
        self.anchor = anchor
        self.end = end
        self.fault = fault
    }
}
