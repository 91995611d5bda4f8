package import Foundation

/// What a new client secret is printed as, once.
package struct ClientCredentials: Codable, Sendable {
    package let clientID: ClientID
    /// `nil` where there is none, or it went to a file.
    package var clientSecret: String?
    package let previousSecretExpiresAt: Date?
    /// Granted, but nobody registered a key for them.
    package let projectsWithoutKeys: [ProjectID]?
    /// Projects with keys that may be meant by these.
    package let similarProjects: [ProjectID]?
}

/// Makes client secrets.
enum ClientSecret {
    /// So that secret scanners recognise one that got where it should not be.
    static let prefix = "tbs_"

    /// 256 random bits.
    static func generate() -> Secret {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return Secret(prefix + Data(bytes).base64URLEncodedString())
    }
}
