import Broker
import Foundation

/// What a sealed record is bound to: its table, column, row and version, and what its secret is for.
struct AssociatedData {
    private let place: [String]
    /// What records of the first format are not bound to.
    private var use: [String] = []

    init(_ place: SealedPlace) {
        switch place {
        case .keySecret(let id, let version, let endpoint):
            self.place = ["access_keys", "secret", id.description, "\(version)"]
            use = [endpoint?.absoluteString].compactMap(\.self)
        case .token(let slot):
            self.place = [
                "tokens", "token", slot.keyID.description, "\(slot.keyVersion)", slot.scope.description,
            ]
        }
    }

    init(_ purpose: PurposeKey) {
        place = ["purpose_keys", "sealed", purpose.rawValue]
    }

    /// The format, the term where the format has one, and the place; each part with its length in front.
    func bytes(of format: SealedRecord.Format, _ term: SealedRecord.Term) -> Data {
        let parts = format == .withTerm ? ["\(term)"] + place + use : place
        return parts.reduce(into: Data("token-broker/\(format.rawValue)".utf8)) { data, part in
            withUnsafeBytes(of: UInt32(part.utf8.count).bigEndian) { data.append(contentsOf: $0) }
            data.append(contentsOf: part.utf8)
        }
    }
}
