import Broker
import Crypto
import NIOCore

/// What identifies a request: everything that its answer depends on, and who is known to be at the other end.
///
/// Two requests with one key get the same answer, as far as SHA-256 is trusted. Made of the bytes as they came, so that
/// it can be known before anything is decoded.
struct ResponseCacheKey: Hashable, Sendable {
    private let digest: SHA256.Digest

    /// The key of the request that the bytes begin with, and how long that is.
    ///
    /// `nil` where they begin with no whole request, or with one that the decoder would refuse, or whose body itself says
    /// how long it is.
    static func read(_ bytes: ByteBuffer, from peer: Peer) -> (key: Self, length: Int)? {
        bytes.withUnsafeReadableBytes { bytes in
            var hash = SHA256()
            hash.update(peer)
            var bodyLength = 0
            var hasOneLength = true
            var hasLength = false
            let head = RawHead(bytes) { line in
                hash.update(line: line)
            } field: { field in
                if field.isNamed("content-length") {
                    hasOneLength = !hasLength && hasOneLength
                    hasLength = true
                    if let length = field.value.number { bodyLength = length } else { hasOneLength = false }
                } else if field.isNamed("transfer-encoding") {
                    hasOneLength = false
                }
                if field.decides { hash.update(field) }
            }
            guard let head, hasOneLength, head.length <= RequestDecoder.largestHead,
                head.fieldCount <= RequestDecoder.mostFields, bytes.count >= head.length + bodyLength
            else { return nil }
            let length = head.length + bodyLength
            hash.update(line: UnsafeRawBufferPointer(rebasing: bytes[head.length..<length]))
            return (Self(digest: hash.finalize()), length)
        }
    }

    var firstByte: UInt8 { digest.withUnsafeBytes { $0[0] } }
}

extension RawHead.Field {
    /// Whether it is one that a route reads, or that can have a request refused or treated otherwise.
    fileprivate var decides: Bool {
        switch name.count {
        case 4: isNamed("host")
        case 6: isNamed("accept") || isNamed("origin") || isNamed("expect")
        case 7: isNamed("upgrade")
        case 10: isNamed("connection")
        case 12: isNamed("content-type")
        case 13: isNamed("authorization")
        case 14: isNamed("content-length") || isNamed("sec-fetch-site")
        case 16: isNamed("proxy-connection")
        default: false
        }
    }
}

extension SHA256 {
    fileprivate mutating func update(_ peer: Peer) {
        withUnsafeBytes(of: peer.user.map(UInt64.init) ?? .max) { update(bufferPointer: $0) }
        (peer.certificates?.digest ?? []).withUnsafeBytes { update(line: $0) }
    }

    fileprivate mutating func update(_ field: RawHead.Field) {
        update(line: field.name)
        update(line: field.value)
    }

    /// With the length in front, so that no two requests are written alike.
    fileprivate mutating func update(line: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt32(line.count)) { update(bufferPointer: $0) }
        update(bufferPointer: line)
    }
}

extension UnsafeRawBufferPointer {
    /// A number of at most nine digits, with spaces around it.
    fileprivate var number: Int? {
        var number: Int?
        var hasEnded = false
        for byte in self {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"):
                hasEnded = number != nil
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard !hasEnded, (number ?? 0) < 100_000_000 else { return nil }
                number = (number ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
            default:
                return nil
            }
        }
        return number
    }
}
