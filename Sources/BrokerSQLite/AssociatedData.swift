import Broker
import Foundation

/// What a sealed record is bound to: its table, column, row and version, each with its length in front.
struct AssociatedData {
    let bytes: Data

    private init(_ parts: String...) {
        bytes = parts.reduce(into: Data("token-broker/1".utf8)) { data, part in
            withUnsafeBytes(of: UInt32(part.utf8.count).bigEndian) { data.append(contentsOf: $0) }
            data.append(contentsOf: part.utf8)
        }
    }

    init(_ place: SealedPlace) {
        switch place {
        case .keySecret(let id, let version):
            self.init("access_keys", "secret", id.description, "\(version)")
        case .token(let slot):
            self.init("tokens", "token", slot.keyID.description, "\(slot.keyVersion)", slot.scope.description)
        }
    }

    init(_ purpose: PurposeKey) {
        self.init("purpose_keys", "sealed", purpose.rawValue)
    }
}

/// A random key for one purpose, sealed under the master key, so that the master key can change and this one stay.
enum PurposeKey: String, CaseIterable {
    /// The pepper that client secrets are stored under.
    case clientSecrets = "client_secrets"
    /// What chains the audit's records.
    case auditChain = "audit_chain"
}
