package import Foundation

/// A secret that is encrypted at rest.
package struct Sealed: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

/// Where a sealed secret belongs. It opens nowhere else.
package enum SealedPlace: Sendable, Hashable {
    /// With the token endpoint that it was registered for, unless that is the broker's usual one: it is sent to no other.
    case keySecret(KeyID, version: Int, tokenEndpoint: URL?)
    case token(TokenSlot)
}

/// The cryptography that the domain needs, all of it under the master key.
package protocol Sealer: Sendable {
    func seal(_ secret: Secret, in place: SealedPlace) throws -> Sealed

    /// Throws when `sealed` was changed, was moved from another place, or was sealed under another master key.
    func open(_ sealed: Sealed, from place: SealedPlace) throws -> Secret

    func digest(of token: Secret) -> TokenDigest

    func verifier(of clientSecret: Secret) -> ClientSecretVerifier
}
