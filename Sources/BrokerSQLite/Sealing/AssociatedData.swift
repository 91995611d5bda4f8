import Broker
import Foundation

/// What a sealed record is bound to: its table, column, row and version.
struct AssociatedData {
    private let place: [String]

    private init(_ place: String...) {
        self.place = place
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

    /// The format, the term where the format has one, and the place; each part with its length in front.
    func bytes(of format: SealedRecord.Format, _ term: SealedRecord.Term) -> Data {
        let parts = format == .withTerm ? ["\(term)"] + place : place
        return parts.reduce(into: Data("token-broker/\(format.rawValue)".utf8)) { data, part in
            withUnsafeBytes(of: UInt32(part.utf8.count).bigEndian) { data.append(contentsOf: $0) }
            data.append(contentsOf: part.utf8)
        }
    }
}
