import Crypto
import Foundation
import GRDB

/// Shows that only the broker wrote the registry's rows: each row has a message authentication code (MAC), and the set of all
/// rows has a keyed hash.
///
/// Both are HMAC-SHA-256, each under a key that is derived from the audit log's.
struct RegistryMACs {
    // Keyed and without input: a start makes two codes for each row, and setting up the key would take most of the time.
    private let rows: HMAC<SHA256>
    private let set: HMAC<SHA256>

    init(auditKey: SymmetricKey) {
        func code(for use: String) -> HMAC<SHA256> {
            HMAC(
                key: HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: auditKey, info: Data("token-broker registry: \(use)".utf8), outputByteCount: 32
                )
            )
        }
        rows = code(for: "rows")
        set = code(for: "set")
    }

    /// - Parameter value: The value of each of the table's ``Table/authenticatedColumns``.
    func mac(of table: Table, _ value: (String) -> DatabaseValue) -> Data {
        var bytes = Array(table.rawValue.utf8)
        for column in table.authenticatedColumns { value(column).append(to: &bytes) }
        var code = rows
        code.update(data: bytes)
        return Data(code.finalize())
    }

    func isAuthentic(_ row: Row, of table: Table) -> Bool {
        row["mac"] as DatabaseValue == mac(of: table) { row[$0] }.databaseValue
    }

    /// The hash of a set of one row, computed from the row's MAC.
    func hash(ofMAC mac: DatabaseValue) -> MultisetHash {
        MultisetHash(bytes: code("row", Data.fromDatabaseValue(mac) ?? Data()))
    }

    /// The stored form of a hash: a random number, then the sum plus a mask derived from that number.
    func masked(_ hash: MultisetHash) -> Data {
        let nonce = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        var sum = hash
        sum += mask(nonce)
        return nonce + sum.bytes
    }

    /// Returns `nil` if the stored hash has another length.
    func unmasked(_ stored: Data) -> MultisetHash? {
        guard stored.count == 2 * MultisetHash.byteCount else { return nil }
        var sum = MultisetHash(bytes: stored.suffix(MultisetHash.byteCount))
        sum -= mask(stored.prefix(MultisetHash.byteCount))
        return sum
    }

    private func mask(_ nonce: Data) -> MultisetHash { MultisetHash(bytes: code("nonce", nonce)) }

    private func code(_ use: String, _ bytes: Data) -> HMAC<SHA256>.MAC {
        var code = set
        code.update(data: Array(use.utf8) + bytes)
        return code.finalize()
    }
}

extension DatabaseValue {
    /// Appends the value such that no two values, and no two sequences of values, are the same bytes.
    fileprivate func append(to bytes: inout [UInt8]) {
        switch storage {
        case .null: Self.append(0, [], to: &bytes)
        case .int64(let value): withUnsafeBytes(of: value.bigEndian) { Self.append(1, $0, to: &bytes) }
        case .double(let value): withUnsafeBytes(of: value.bitPattern.bigEndian) { Self.append(2, $0, to: &bytes) }
        case .string(let value): Self.append(3, value.utf8, to: &bytes)
        case .blob(let value): Self.append(4, value, to: &bytes)
        }
    }

    private static func append(_ type: UInt8, _ value: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(type)
        withUnsafeBytes(of: UInt32(value.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: value)
    }
}
