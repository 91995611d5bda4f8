package import Foundation

/// What a new client secret is printed as, once.
package struct ClientCredentials: Codable, Sendable {
    package let clientID: ClientID
    /// `nil` where there is none, or it went to a file.
    package var clientSecret: String?
    package let previousSecretExpiresAt: Date?
    /// The secret before the new one, if it still works.
    package let previousSecret: SecretReport?
    /// The secrets that ended; `nil` for a client that is new.
    package let endedSecrets: [SecretReport]?
    /// Granted, but nobody registered a key for them.
    package let projectsWithoutKeys: [ProjectID]?
    /// Projects with keys that may be meant by these.
    package let similarProjects: [ProjectID]?
}
