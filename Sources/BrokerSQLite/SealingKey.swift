import Crypto
import Foundation

/// Seals and opens bytes: AES-256-GCM under a key that is derived anew for each record.
///
/// A record is `version ‖ salt ‖ commitment ‖ nonce ‖ ciphertext ‖ tag`. HKDF-SHA-512 (RFC 5869) derives from the master
/// key and the record's random salt the record's key and a commitment to it: the latter is compared before anything is
/// decrypted, since GCM alone lets one ciphertext open under two keys.
struct SealingKey: Sendable {
    private static let version: UInt8 = 1
    private static let saltLength = 32
    private static let commitmentLength = 32
    private static let overhead = 1 + saltLength + commitmentLength + 12 + 16

    private let master: SymmetricKey

    init(_ master: SymmetricKey) {
        self.master = master
    }

    func seal(_ plaintext: some DataProtocol, for place: AssociatedData) throws -> [UInt8] {
        let salt = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let (key, commitment) = derive(salt)
        let box = try AES.GCM.seal(plaintext, using: key, authenticating: place.bytes)
        // `combined` is there whenever the nonce has the usual 12 bytes, which the default nonce has.
        guard let combined = box.combined else { throw Damage() }
        return [Self.version] + salt + commitment + combined
    }

    /// Throws ``Damage`` on anything but the very bytes that were sealed for this place under this key.
    func open(_ sealed: [UInt8], for place: AssociatedData) throws -> Data {
        guard sealed.count >= Self.overhead, sealed[0] == Self.version else { throw Damage() }
        let salt = sealed[1...].prefix(Self.saltLength)
        let commitment = sealed.dropFirst(1 + Self.saltLength).prefix(Self.commitmentLength)
        let combined = sealed.dropFirst(1 + Self.saltLength + Self.commitmentLength)
        let (key, expected) = derive(Data(salt))
        // SymmetricKey compares in constant time.
        guard SymmetricKey(data: commitment) == SymmetricKey(data: expected) else { throw Damage() }
        do {
            return try AES.GCM.open(AES.GCM.SealedBox(combined: combined), using: key, authenticating: place.bytes)
        } catch {
            throw Damage()
        }
    }

    /// The record's key and the commitment to it.
    func derive(_ salt: Data) -> (key: SymmetricKey, commitment: Data) {
        let info = Data("token-broker/seal/1".utf8)
        let derived = HKDF<SHA512>.deriveKey(inputKeyMaterial: master, salt: salt, info: info, outputByteCount: 64)
        return derived.withUnsafeBytes { bytes in
            (SymmetricKey(data: bytes.prefix(32)), Data(bytes.suffix(Self.commitmentLength)))
        }
    }

    /// A record that does not open.
    struct Damage: Error, CustomStringConvertible {
        var description: String {
            "a sealed record does not open: it was changed, moved, or sealed under another master key"
        }
    }
}
