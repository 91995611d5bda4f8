package import Broker
import Synchronization

/// A sealer that hides nothing, but opens only what it sealed for the same place.
package final class PlainSealer: Sealer {
    package struct Damage: Error {}

    /// How often something was opened.
    package let opened = Tally()

    /// Guards what happens while something is opened next.
    private let meanwhile = Mutex<(@Sendable () -> Void)?>(nil)

    package init() {}

    /// Does something else while something is opened; once.
    package func whileOpening(_ other: @escaping @Sendable () -> Void) {
        meanwhile.withLock { $0 = other }
    }

    package func seal(_ secret: Secret, in place: SealedPlace) throws -> Sealed {
        Sealed(bytes: Array("\(place)|\(secret.reveal())".utf8))
    }

    package func open(_ sealed: Sealed, from place: SealedPlace) throws -> Secret {
        opened.add()
        let other = meanwhile.withLock { meanwhile in
            defer { meanwhile = nil }
            return meanwhile
        }
        other?()
        let text = String(decoding: sealed.bytes, as: UTF8.self)
        guard text.hasPrefix("\(place)|") else { throw Damage() }
        return Secret(String(text.dropFirst("\(place)|".count)))
    }

    package func digest(of token: Secret) -> TokenDigest { TokenDigest(hex: "digest-of-" + token.reveal()) }

    package func verifier(of clientSecret: Secret) -> ClientSecretVerifier {
        ClientSecretVerifier(bytes: Array(clientSecret.reveal().utf8))
    }
}
