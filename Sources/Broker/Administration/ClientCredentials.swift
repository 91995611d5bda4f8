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
package enum ClientSecret {
    /// So that secret scanners recognise one that got where it should not be.
    static let prefix = "tbs_"

    /// 256 random bits.
    package static func generate() -> Secret {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return Secret(prefix + Data(bytes).base64URLEncodedString())
    }

    /// Throws ``OperatorError`` for a secret that was not generated, and might be guessed.
    static func check(_ secret: Secret) throws {
        let text = secret.reveal()
        let isDigit = { (byte: UInt8) in
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
                || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard text.hasPrefix(prefix), text.utf8.count == prefix.count + 43,
            text.utf8.dropFirst(prefix.count).allSatisfy(isDigit)
        else {
            throw OperatorError(
                .invalid, "a client secret is '\(prefix)' and 43 letters, digits, hyphens and underscores",
                hint: "remove the file, and one is made"
            )
        }
    }
}
