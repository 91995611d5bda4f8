import Broker
import CoreMetrics
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// A response that has gone the whole way and may be repeated, byte for byte but for what time changes in it.
///
/// Says what the whole way would say: the same encoder writes its body, and its fields are those of the first answer.
final class CachedResponse: Sendable {
    /// A whole message, the second that is its date, and the ages of the token at which its numbers are right.
    private struct Rendered {
        let message: ByteBuffer
        let second: Int
        let ages: Range<Duration>
    }

    private let origin: CacheableResponse
    private let fields: HTTPHeaders
    /// Guards the message as it was last written.
    private let rendered = Mutex<Rendered?>(nil)

    /// About how many bytes all of it takes.
    let size: Int

    /// - Parameter body: as it was first sent.
    init(_ origin: CacheableResponse, fields: HTTPHeaders, body: ByteBuffer) {
        self.origin = origin
        self.fields = fields
        // The fields, what the hand-out rests on, and the message.
        size = 1024 + 512 + body.readableBytes
    }

    /// The client that the response is for.
    var client: ClientID { origin.client }

    var isValid: Bool { origin.handOut.isValid }

    /// The whole message as it is now; `nil` when it is not valid any more.
    func message() -> ByteBuffer? {
        guard let now = origin.handOut.repeated() else { return nil }
        let second = Int(now.wall.timeIntervalSince1970)
        let age = origin.handOut.age(at: now)
        return rendered.withLock { rendered in
            if let rendered, rendered.second == second, rendered.ages.contains(age) { return rendered.message }
            let handOut = origin.handOut.handOut(at: now)
            let message = render(handOut, second: second)
            rendered = Rendered(message: message, second: second, ages: handOut.sameAges)
            return message
        }
    }

    /// The message went out.
    func count(_ elapsed: TimeAmount) {
        origin.handOuts.increment()
        origin.duration?.recordNanoseconds(elapsed.nanoseconds)
    }

    private func render(_ handOut: HandOut, second: Int) -> ByteBuffer {
        var body = origin.body(handOut)
        var message = ByteBufferAllocator().buffer(capacity: 512 + body.readableBytes)
        message.writeStaticString("HTTP/1.1 200 OK\r\n")
        for (name, value) in fields {
            message.writeString(name)
            message.writeStaticString(": ")
            switch name.lowercased() {
            case "content-length": message.writeString(String(body.readableBytes))
            case "date": message.writeString(HTTPDate.text(second))
            default: message.writeString(value)
            }
            message.writeStaticString("\r\n")
        }
        message.writeStaticString("\r\n")
        message.writeBuffer(&body)
        return message
    }
}
