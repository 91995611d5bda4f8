import Broker
import Crypto
import Foundation

/// What ties the audit's records together, by HMAC-SHA-256 under a key of its own: a change, a gap or another order shows.
struct AuditChain: Sendable {
    let key: LockedKey

    /// The place of a record behind another.
    func position(of fields: AuditFields, after previous: AuditPosition) -> AuditPosition {
        // The number may be one that somebody else put there: no number ends the process.
        let sequence = previous.sequence &+ 1
        var code = HMAC<SHA256>(key: key.key)
        code.update(data: previous.chain)
        for field in ["\(sequence)"] + fields.values {
            // A missing field is not an empty one.
            let bytes = Data((field.map { "+" + $0 } ?? "-").utf8)
            withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { code.update(data: Data($0)) }
            code.update(data: bytes)
        }
        return AuditPosition(sequence: sequence, chain: Data(code.finalize()))
    }

    /// What makes a mark the broker's. It cannot be taken for a record's, whose input begins with a code or with zeros.
    ///
    /// - Parameter registry: `nil` in a mark of schema 5.
    func code(of place: AuditMark.Place, at position: AuditPosition, registry: Data?) -> Data {
        var code = HMAC<SHA256>(key: key.key)
        code.update(data: Data("\(registry == nil ? "audit mark" : "audit mark and registry"): \(place.rawValue)".utf8))
        withUnsafeBytes(of: position.sequence.bigEndian) { code.update(data: Data($0)) }
        code.update(data: position.chain)
        code.update(data: registry ?? Data())
        return Data(code.finalize())
    }
}
