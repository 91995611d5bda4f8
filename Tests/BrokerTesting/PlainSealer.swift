package import Broker
import Foundation
import Synchronization

/// A sealer that hides nothing, but opens only what it sealed for the same place.
package final class PlainSealer: Sealer {
    package struct Damage: Error {}

    /// How often something was opened.
    package let opened = Tally()

    private struct State {
        var whileOpening: (@Sendable () -> Void)?
    }

    /// Guards what is done while the next secret is opened.
    private let state = Mutex(State())

    package init() {}

    /// Does something else while something is opened; once.
    package func whileOpening(_ other: @escaping @Sendable () -> Void) {
        state.withLock { $0.whileOpening = other }
    }

    package func seal(_ secret: Secret, in place: SealedPlace) throws -> Sealed {
        Sealed(bytes: Array((place.text + secret.reveal()).utf8))
    }

    package func open(_ sealed: Sealed, from place: SealedPlace) throws -> Secret {
        opened.add()
        let other = state.withLock { state in
            defer { state.whileOpening = nil }
            return state.whileOpening
        }
        other?()
        guard sealed.bytes.starts(with: place.text.utf8) else { throw Damage() }
        return Secret(String(decoding: sealed.bytes.dropFirst(place.text.utf8.count), as: UTF8.self))
    }

    package func digest(of token: Secret) -> TokenDigest { TokenDigest(hex: "digest-of-" + token.reveal()) }

    package func verifier(of clientSecret: Secret) -> ClientSecretVerifier {
        ClientSecretVerifier(bytes: Array(clientSecret.reveal().utf8))
    }
}

extension SealedPlace {
    /// The place as the sealer writes it before a secret.
    fileprivate var text: String {
        switch self {
        case .keySecret(let key, let version, let endpoint):
            "key \(key.description) \(version) \(endpoint?.absoluteString ?? "")|"
        case .token(let slot):
            "token \(slot.keyID.description) \(slot.keyVersion) \(slot.scope.description)|"
        }
    }
}
