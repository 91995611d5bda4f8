package import Foundation

/// A place in the audit log: a record's number, and the code that chains it to all records before it.
///
/// As text it is an anchor that can be kept elsewhere: `12.` and the code in base64url.
package struct AuditPosition: Sendable, Hashable, Codable, LosslessStringConvertible {
    /// Before the first record.
    package static let beginning = AuditPosition(sequence: 0, chain: Data())

    /// Records are counted from 1.
    package let sequence: Int64
    package let chain: Data

    package init(sequence: Int64, chain: Data) {
        self.sequence = sequence
        self.chain = chain
    }

    package init?(_ description: String) {
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = Int64(parts[0]), let chain = Data(base64URLEncoded: parts[1]) else {
            return nil
        }
        self.init(sequence: sequence, chain: chain)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let position = AuditPosition(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a place in the audit log")
        }
        self = position
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Whether the code has its length; an anchor that was cut short while it was copied has not.
    package var isComplete: Bool { chain.count == (sequence == 0 ? 0 : 32) }

    package var description: String { "\(sequence).\(chain.base64URLEncodedString())" }
}
