import Crypto
import Foundation
import Glibc

/// A master key as its file has it: a recognisable prefix, and 32 bytes in base64url.
///
/// In bytes and not in a string, so that no copy stays in memory when it is cleared.
struct MasterKeyLine {
    private static let prefix = Array("tbmk_".utf8)

    private(set) var bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(_ key: SymmetricKey) {
        var raw = key.withUnsafeBytes { Data($0) }
        var base64 = raw.base64EncodedData()
        defer {
            raw.clear()
            base64.clear()
        }
        bytes = Self.prefix + base64.filter { $0 != UInt8(ascii: "=") }.map(\.urlSafe) + [UInt8(ascii: "\n")]
    }

    /// `nil` where it holds none.
    var key: SymmetricKey? {
        guard let first = bytes.firstIndex(where: { !$0.isSpace }), let last = bytes.lastIndex(where: { !$0.isSpace })
        else { return nil }
        let text = bytes[first...last]
        guard text.starts(with: Self.prefix) else { return nil }
        var base64 = Data(text.dropFirst(Self.prefix.count).map(\.standard))
        base64.append(contentsOf: repeatElement(UInt8(ascii: "="), count: (4 - base64.count % 4) % 4))
        var raw = Data(base64Encoded: base64) ?? Data()
        defer {
            raw.clear()
            base64.clear()
        }
        return raw.count == 32 ? SymmetricKey(data: raw) : nil
    }

    var isEmpty: Bool { bytes.allSatisfy(\.isSpace) }

    mutating func clear() {
        bytes.withUnsafeMutableBytes { $0.clear() }
    }
}

extension Data {
    fileprivate mutating func clear() {
        withUnsafeMutableBytes { $0.clear() }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func clear() {
        if let baseAddress { explicit_bzero(baseAddress, count) }
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { [0x20, 0x09, 0x0A, 0x0D].contains(self) }

    /// The base64url digit for a base64 one (RFC 4648 §5), and back.
    fileprivate var urlSafe: UInt8 {
        switch self {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: self
        }
    }

    fileprivate var standard: UInt8 {
        switch self {
        case UInt8(ascii: "-"): UInt8(ascii: "+")
        case UInt8(ascii: "_"): UInt8(ascii: "/")
        default: self
        }
    }
}
