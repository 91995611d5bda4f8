import Crypto
import NIOCore
import NIOHTTP1

/// What identifies a request: everything that is in it, and who the kernel says is at the other end.
///
/// Two requests with one digest are the same request, as far as SHA-256 is trusted.
struct RequestDigest: Hashable, Sendable {
    /// Differ from request to request, and mean nothing to any route.
    private static let meaningless: Set<String> = [
        "traceparent", "tracestate", "baggage", "b3", "x-request-id", "x-correlation-id",
    ]

    private let digest: SHA256.Digest

    init(_ head: HTTPRequestHead, body: [ByteBuffer], user: UInt32?) {
        var text = ByteBuffer()
        // Each part with its length in front, so that no two requests are written alike.
        func write(_ part: String) {
            text.writeInteger(UInt32(part.utf8.count))
            text.writeString(part)
        }
        text.writeInteger(user.map(UInt64.init) ?? .max)
        text.writeInteger(UInt32(head.headers.count))
        write(head.method.rawValue)
        write(head.uri)
        for (name, value) in head.headers where !Self.meaningless.contains(name.lowercased()) {
            write(name)
            write(value)
        }
        var hash = SHA256()
        hash.update(data: text.readableBytesView)
        for part in body { hash.update(data: part.readableBytesView) }
        digest = hash.finalize()
    }

    var firstByte: UInt8 { digest.withUnsafeBytes { $0[0] } }
}
