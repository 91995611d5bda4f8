import Crypto
import Foundation

/// One term's master key, which seals and opens records: AES-256-GCM under a key that is derived anew for each.
///
/// HKDF-SHA-512 (RFC 5869) derives from the master key and the record's random salt the record's key and a commitment to
/// it: the latter is compared before anything is decrypted, since GCM alone lets one ciphertext open under two keys.
struct SealingKey: Sendable {
    let term: SealedRecord.Term
    private let master: LockedKey

    init(_ master: SymmetricKey, term: SealedRecord.Term) {
        self.master = LockedKey(master)
        self.term = term
    }

    /// Whether this is the master key; compared in constant time.
    func isSame(as key: SymmetricKey) -> Bool { master.key == key }

    /// What its records begin with.
    var head: [UInt8] { SealedRecord.head(of: term) }

    func seal(_ plaintext: some DataProtocol, for place: AssociatedData) throws -> [UInt8] {
        let salt = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let (key, commitment) = derive(salt, for: .withTerm)
        let box = try AES.GCM.seal(plaintext, using: key, authenticating: place.bytes(of: .withTerm, term))
        // `combined` is there whenever the nonce has the usual 12 bytes, which the default nonce has.
        guard let combined = box.combined else { throw Damage() }
        return SealedRecord(term: term, salt: salt, commitment: commitment, box: combined).bytes
    }

    /// Throws ``Damage`` on anything but the very bytes that were sealed for this place under this key and term.
    func open(_ record: SealedRecord, for place: AssociatedData) throws -> Data {
        let (key, commitment) = derive(record.salt, for: record.format)
        // SymmetricKey compares in constant time.
        guard record.term == term, SymmetricKey(data: record.commitment) == SymmetricKey(data: commitment) else {
            throw Damage()
        }
        do {
            return try AES.GCM.open(
                AES.GCM.SealedBox(combined: record.box), using: key,
                authenticating: place.bytes(of: record.format, term)
            )
        } catch {
            throw Damage()
        }
    }

    /// The record's key and the commitment to it.
    func derive(_ salt: Data, for format: SealedRecord.Format) -> (key: SymmetricKey, commitment: Data) {
        let info = Data("token-broker/seal/\(format.rawValue)".utf8)
        let derived = HKDF<SHA512>.expand(
            pseudoRandomKey: extract(salt), info: info, outputByteCount: 32 + SealedRecord.commitmentLength
        )
        return derived.withUnsafeBytes { bytes in
            (SymmetricKey(data: bytes.prefix(32)), Data(bytes.dropFirst(32)))
        }
    }

    /// The first half of HKDF (RFC 5869 §2.2), which is given the master key and leaves no copy of it.
    func extract(_ salt: Data) -> HashedAuthenticationCode<SHA512> {
        var code = HMAC<SHA512>(key: SymmetricKey(data: salt))
        master.key.withUnsafeBytes { code.update(data: $0) }
        // swift-crypto 4.5.2 clears 8 bytes of a hash's state before that is freed, not all: its
        // `UnsafeMutablePointer.zeroize` asks for the size of the metatype. Two blocks of zeros take the key's place.
        defer { code.update(data: Data(count: 2 * SHA512.blockByteCount)) }
        return code.finalize()
    }

    /// A record that does not open.
    struct Damage: Error, CustomStringConvertible {
        var description: String {
            "a sealed record does not open: it was changed, moved, or sealed under another master key"
        }
    }
}
