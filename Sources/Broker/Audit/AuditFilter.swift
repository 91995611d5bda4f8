package import Foundation

/// Which records of the audit log are meant.
package struct AuditFilter: Codable, Sendable {
    package var project: ProjectID?
    package var client: ClientID?
    package var key: KeyID?
    /// As the record names it: `key.added`; `key` is all that begin with `key.`.
    package var action: String?
    package var since: Date?
    package var until: Date?

    package init(
        project: ProjectID? = nil, client: ClientID? = nil, key: KeyID? = nil, action: String? = nil,
        since: Date? = nil, until: Date? = nil
    ) {
        self.project = project
        self.client = client
        self.key = key
        self.action = action
        self.since = since
        self.until = until
    }
}
