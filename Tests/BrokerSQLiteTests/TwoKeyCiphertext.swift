import Crypto
import Foundation

/// One block of ciphertext that AES-GCM opens under two keys: GCM does not commit to its key.
///
/// Under one key and nonce the tag of a one-block ciphertext `c` is `t(0) + c·h²` in GF(2¹²⁸) (NIST SP 800-38D §6.4),
/// where `t(0)` is the tag of the block of zeros. Two keys' tags are equal where `c·(h₁² + h₂²) = t₁(0) + t₂(0)`.
struct TwoKeyCiphertext {
    let box: AES.GCM.SealedBox

    init(_ first: SymmetricKey, _ second: SymmetricKey, authenticating data: Data) throws {
        let nonce = AES.GCM.Nonce()
        // The plaintext that gives a ciphertext is the key stream plus it, and the key stream is what zeros become.
        func seal(_ ciphertext: FieldElement, _ key: SymmetricKey) throws -> AES.GCM.SealedBox {
            let stream = try AES.GCM.seal(FieldElement.zero.data, using: key, nonce: nonce).ciphertext
            let plaintext = (FieldElement(stream) + ciphertext).data
            return try AES.GCM.seal(plaintext, using: key, nonce: nonce, authenticating: data)
        }
        func tag(_ ciphertext: FieldElement, _ key: SymmetricKey) throws -> FieldElement {
            FieldElement(try seal(ciphertext, key).tag)
        }
        let zero = try tag(.zero, first) + tag(.zero, second)
        let one = try tag(.one, first) + tag(.one, second)
        box = try seal(zero * (zero + one).inverse, first)
    }
}

/// An element of GF(2¹²⁸) as GCM writes it: the first bit of the first byte belongs to x⁰.
private struct FieldElement {
    static let zero = FieldElement(value: 0)
    static let one = FieldElement(value: 1 << 127)

    private let value: UInt128

    private init(value: UInt128) {
        self.value = value
    }

    init(_ bytes: Data) {
        value = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }

    var data: Data { withUnsafeBytes(of: value.bigEndian) { Data($0) } }

    /// a^(2¹²⁸ − 2), the product of a^(2ⁱ) for i = 1…127.
    var inverse: FieldElement {
        var (power, product) = (self, FieldElement.one)
        for _ in 1...127 {
            power = power * power
            product = product * power
        }
        return product
    }

    static func + (left: FieldElement, right: FieldElement) -> FieldElement {
        FieldElement(value: left.value ^ right.value)
    }

    static func * (left: FieldElement, right: FieldElement) -> FieldElement {
        var (shifted, product) = (left.value, UInt128(0))
        for bit in 0..<128 {
            if right.value >> (127 - bit) & 1 == 1 { product ^= shifted }
            // Times x, modulo 1 + x + x² + x⁷ + x¹²⁸.
            shifted = shifted >> 1 ^ (shifted & 1 == 1 ? 0xE1 << 120 : 0)
        }
        return FieldElement(value: product)
    }
}
