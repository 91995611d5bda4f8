import Foundation

/// A sealed record's layout: `2 ‖ term ‖ salt ‖ commitment ‖ nonce ‖ ciphertext ‖ tag`, the term big-endian.
///
/// Format 1, which is only read, has no term: its records are the first one's.
struct SealedRecord {
    enum Format: UInt8 {
        case withoutTerm = 1
        case withTerm
    }

    /// Counts the master keys that a database was sealed under, from 1.
    typealias Term = UInt32

    static let saltLength = 32
    static let commitmentLength = 32
    /// With an empty plaintext.
    private static let shortestBox = 12 + 16

    let format: Format
    let term: Term
    let salt: Data
    let commitment: Data
    /// As CryptoKit combines it: nonce, ciphertext and tag.
    let box: Data

    init(format: Format = .withTerm, term: Term, salt: Data, commitment: Data, box: Data) {
        self.format = format
        self.term = term
        self.salt = salt
        self.commitment = commitment
        self.box = box
    }

    /// Throws ``SealingKey/Damage`` on what cannot be a sealed record.
    init(_ bytes: [UInt8]) throws {
        guard let format = bytes.first.flatMap(Format.init(rawValue:)) else { throw SealingKey.Damage() }
        var rest = Data(bytes.dropFirst())
        func take(_ count: Int) -> Data {
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        let term = format == .withTerm ? take(MemoryLayout<Term>.size).reduce(0) { $0 << 8 | Term($1) } : 1
        self.init(
            format: format, term: term, salt: take(Self.saltLength), commitment: take(Self.commitmentLength), box: rest
        )
        guard box.count >= Self.shortestBox else { throw SealingKey.Damage() }
    }

    var bytes: [UInt8] {
        (format == .withTerm ? Self.head(of: term) : [format.rawValue]) + salt + commitment + box
    }

    /// What a record of a term begins with. One of an earlier term or format begins with something smaller.
    static func head(of term: Term) -> [UInt8] {
        [Format.withTerm.rawValue] + withUnsafeBytes(of: term.bigEndian) { Array($0) }
    }
}
