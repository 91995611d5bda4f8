package import Foundation

/// What an operator is shown of a client secret.
package struct SecretReport: Codable, Sendable {
    package let createdAt: Date
    package let expiresAt: Date?
    package let lastUsedAt: Date?

    init(_ credential: Client.Credential) {
        createdAt = credential.created
        expiresAt = credential.expires
        lastUsedAt = credential.use.lastDate
    }

    /// The times by which an operator tells two secrets apart.
    package var text: String {
        "created \(createdAt.formatted(.iso8601)), "
            + (lastUsedAt.map { "last used \($0.formatted(.iso8601))" } ?? "never used")
    }
}
