package import Broker
import Crypto
import Foundation

/// The domain's cryptography, under the master key.
package struct MasterKeySealer: Sealer {
    private let keys: MasterKeys
    private let pepper: LockedKey

    init(_ keys: MasterKeys, pepper: LockedKey) {
        self.keys = keys
        self.pepper = pepper
    }

    package func seal(_ secret: Secret, in place: SealedPlace) throws -> Sealed {
        try keys.seal(Data(secret.reveal().utf8), for: place)
    }

    package func open(_ sealed: Sealed, from place: SealedPlace) throws -> Secret {
        Secret(String(decoding: try keys.open(sealed, from: place), as: UTF8.self))
    }

    package func digest(of token: Secret) -> TokenDigest {
        TokenDigest(hex: SHA256.hash(data: Data(token.reveal().utf8)).map { String(format: "%02x", $0) }.joined())
    }

    package func verifier(of clientSecret: Secret) -> ClientSecretVerifier {
        ClientSecretVerifier(
            bytes: Array(HMAC<SHA256>.authenticationCode(for: Data(clientSecret.reveal().utf8), using: pepper.key))
        )
    }
}
