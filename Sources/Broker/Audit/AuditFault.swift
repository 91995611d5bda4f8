/// Where the audit log is not what the broker wrote, and in what way.
package struct AuditFault: Sendable, Codable, Equatable {
    package enum Kind: String, Sendable, Codable {
        /// Records were removed.
        case missing
        /// A record was changed, or put in the place of another.
        case changed
        /// There are records before the log's start or behind its end.
        case added
        /// The mark of the log's start or end is not the broker's.
        case mark
    }

    package let kind: Kind
    /// The first record that it is about.
    package let first: Int64
    /// The last one; the same where it is about one record.
    package let last: Int64

    package init(_ kind: Kind, first: Int64, last: Int64? = nil) {
        self.kind = kind
        self.first = first
        self.last = last ?? first
    }

    /// As a sentence.
    package var message: String {
        switch kind {
        case .missing where first == last: "record \(first) is missing"
        case .missing: "records \(first) to \(last) are missing"
        case .changed: "record \(first) was changed, or put in the place of another"
        case .added: "record \(first) was added from outside, or the log was set back to an earlier state"
        case .mark: "the mark of the log's start or end was changed or removed, at record \(first)"
        }
    }
}
