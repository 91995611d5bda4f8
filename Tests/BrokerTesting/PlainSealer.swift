package import Broker

/// A sealer that hides nothing, but opens only what it sealed for the same place.
package struct PlainSealer: Sealer {
    package struct Damage: Error {}

    /// How often something was opened.
    package let opened = Tally()

    package init() {}

    package func seal(_ secret: Secret, in place: SealedPlace) throws -> Sealed {
        Sealed(bytes: Array("\(place)|\(secret.reveal())".utf8))
    }

    package func open(_ sealed: Sealed, from place: SealedPlace) throws -> Secret {
        opened.add()
        let text = String(decoding: sealed.bytes, as: UTF8.self)
        guard text.hasPrefix("\(place)|") else { throw Damage() }
        return Secret(String(text.dropFirst("\(place)|".count)))
    }

    package func digest(of token: Secret) -> TokenDigest { TokenDigest(hex: "digest-of-" + token.reveal()) }

    package func verifier(of clientSecret: Secret) -> ClientSecretVerifier {
        ClientSecretVerifier(bytes: Array(clientSecret.reveal().utf8))
    }

    package func check(_ clientSecret: Secret, against verifier: ClientSecretVerifier) -> Bool {
        self.verifier(of: clientSecret) == verifier
    }
}
