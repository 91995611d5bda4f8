import Broker
import Crypto
import NIOCore
import NIOHTTP1

/// What identifies a request: everything that its answer depends on, and who is known to be at the other end.
///
/// Two requests with one key get the same answer, as far as SHA-256 is trusted.
struct ResponseCacheKey: Hashable, Sendable {
    /// The fields that a route reads, and those that can have a request refused or treated otherwise.
    private static let fields = [
        "Host", "Accept", "Authorization", "Content-Type", "Origin", "Sec-Fetch-Site", "Expect", "Upgrade",
        "Connection",
        "Transfer-Encoding",
    ]

    private let digest: SHA256.Digest

    init(_ request: WholeRequest) {
        let head = request.head
        var text = ByteBufferAllocator().buffer(capacity: 512)
        // Each part with its length in front, so that no two requests are written alike.
        func write(_ part: String) {
            text.writeInteger(UInt32(part.utf8.count))
            text.writeString(part)
        }
        text.writeInteger(request.peer.user.map(UInt64.init) ?? .max)
        let certificate = request.peer.certificate?.digest ?? []
        text.writeInteger(UInt32(certificate.count))
        text.writeBytes(certificate)
        write(head.method.rawValue)
        write(head.uri)
        for name in Self.fields {
            let values = head.headers[name]
            text.writeInteger(UInt32(values.count))
            values.forEach(write)
        }
        text.writeImmutableBuffer(request.body)
        digest = SHA256.hash(data: text.readableBytesView)
    }

    var firstByte: UInt8 { digest.withUnsafeBytes { $0[0] } }
}
