import Crypto
import Foundation
import GRDB

/// What shows that the registry's rows are those that the broker wrote: a message authentication code in each row, and a
/// keyed hash of the set of them all.
///
/// Each is HMAC-SHA-256, under a key derived from the audit log's.
struct RegistryMACs: Sendable {
    private let rowKey: LockedKey
    private let setKey: LockedKey

    init(auditKey: SymmetricKey) {
        func key(for use: String) -> LockedKey {
            LockedKey(
                HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: auditKey, info: Data("token-broker registry: \(use)".utf8), outputByteCount: 32
                )
            )
        }
        rowKey = key(for: "rows")
        setKey = key(for: "set")
    }

    /// - Parameter value: of each of the table's ``Table/authenticatedColumns``.
    func mac(of table: Table, _ value: (String) -> DatabaseValue) -> Data {
        var code = HMAC<SHA256>(key: rowKey.key)
        code.update(data: Data(table.rawValue.utf8))
        for column in table.authenticatedColumns { code.update(data: value(column).authenticatedBytes) }
        return Data(code.finalize())
    }

    func isAuthentic(_ row: Row, of table: Table) -> Bool {
        row["mac"] as DatabaseValue == mac(of: table) { row[$0] }.databaseValue
    }

    /// The set of one row, by its MAC.
    func hash(ofMAC mac: DatabaseValue) -> MultisetHash {
        MultisetHash(bytes: code("row", Data.fromDatabaseValue(mac) ?? Data()))
    }

    /// The form in which a set's hash is stored: a random number, and the sum under a mask that is made of it.
    func masked(_ hash: MultisetHash) -> Data {
        let nonce = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        var sum = hash
        sum += mask(nonce)
        return nonce + sum.bytes
    }

    /// `nil` where it has not the form of a stored one.
    func unmasked(_ stored: Data) -> MultisetHash? {
        guard stored.count == 2 * MultisetHash.byteCount else { return nil }
        var sum = MultisetHash(bytes: stored.suffix(MultisetHash.byteCount))
        sum -= mask(stored.prefix(MultisetHash.byteCount))
        return sum
    }

    private func mask(_ nonce: Data) -> MultisetHash { MultisetHash(bytes: code("nonce", nonce)) }

    private func code(_ use: String, _ bytes: Data) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Data(use.utf8) + bytes, using: setKey.key)
    }
}

extension DatabaseValue {
    /// No two values have the same, nor two sequences of values.
    fileprivate var authenticatedBytes: Data {
        func bytes(_ type: UInt8, _ value: some DataProtocol) -> Data {
            withUnsafeBytes(of: UInt32(value.count).bigEndian) { Data([type]) + $0 } + value
        }
        switch storage {
        case .null: return bytes(0, Data())
        case .int64(let value): return withUnsafeBytes(of: value.bigEndian) { bytes(1, Data($0)) }
        case .double(let value): return withUnsafeBytes(of: value.bitPattern.bigEndian) { bytes(2, Data($0)) }
        case .string(let value): return bytes(3, Data(value.utf8))
        case .blob(let value): return bytes(4, value)
        }
    }
}
