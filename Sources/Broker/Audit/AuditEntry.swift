/// An audit record as it stands in the log, in words.
package struct AuditEntry: Sendable, Codable, Equatable {
    package var sequence: Int64
    /// RFC 3339.
    package var time: String
    package var actor: String
    package var action: String
    package var projectID: String?
    package var keyID: String?
    package var clientID: String?
    /// The token's fingerprint.
    package var token: String?
    package var outcome: String

    package init(
        sequence: Int64, time: String, actor: String, action: String, projectID: String?, keyID: String?,
        clientID: String?, token: String?, outcome: String
    ) {
        self.sequence = sequence
        self.time = time
        self.actor = actor
        self.action = action
        self.projectID = projectID
        self.keyID = keyID
        self.clientID = clientID
        self.token = token
        self.outcome = outcome
    }
}
