import Foundation

/// Generates client secrets, and recognises them.
package enum ClientSecret {
    /// So that secret scanners recognise one that got where it should not be.
    private static let prefix = "tbs_"
    /// Random bytes.
    private static let length = 32

    package static func generate() -> Secret {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return Secret(prefix + Data(bytes).base64URLEncodedString())
    }

    /// Throws ``OperatorError`` for a secret that was not generated, and might be guessed.
    static func check(_ secret: Secret) throws {
        let text = secret.reveal()
        let digits = text.dropFirst(prefix.count)
        guard text.hasPrefix(prefix), let bytes = Data(base64URLEncoded: digits), bytes.count == length,
            bytes.base64URLEncodedString() == digits
        else {
            throw OperatorError(
                .invalid, "a client secret is '\(prefix)' and \(length) random bytes in base64url",
                hint: "remove the file, and a secret is generated"
            )
        }
    }
}
