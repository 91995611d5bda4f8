import Broker
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// A request that has been read to its end.
struct WholeRequest: Sendable {
    let peer: Peer
    let head: HTTPRequestHead
    let body: ByteBuffer
    /// All of it as it came; empty where the body itself says how long it is.
    let bytes: ByteBuffer
}

/// An answer that can be written at once.
struct WholeResponse: Sendable {
    var head: HTTPResponseHead
    let body: ByteBuffer
    /// What may be repeated instead of asking again.
    var cacheable: CacheableResponse?

    init(head: HTTPResponseHead, body: ByteBuffer, cacheable: CacheableResponse? = nil) {
        self.head = head
        self.body = body
        self.cacheable = cacheable
    }

    private init(status: HTTPResponse.Status, fields: HTTPFields, body: ByteBuffer) {
        var head = HTTPResponseHead(HTTPResponse(status: status, headerFields: fields))
        head.headers.add(name: "Date", value: HTTPDate.now)
        self.init(head: head, body: body)
    }

    /// The same as the encoder takes it.
    var parts: [HTTPServerResponsePart] {
        [.head(head)] + (body.readableBytes > 0 ? [.body(.byteBuffer(body))] : []) + [.end(nil)]
    }

    /// What a route answers.
    init(_ response: Response) async throws {
        let collector = BodyCollector()
        try await response.body.write(collector)
        self.init(status: response.status, fields: response.headers, body: collector.body)
    }

    /// What is answered to something that is no request for any route.
    init(_ error: ErrorAnswer) {
        var fields = error.fields
        for field in HTTPFields.uncached { fields.append(field) }
        fields[.contentLength] = "\(error.body.count)"
        self.init(status: error.status, fields: fields, body: ByteBuffer(bytes: error.body))
    }
}

/// A response's body, in memory.
private final class BodyCollector: ResponseBodyWriter {
    private(set) var body = ByteBuffer()

    func write(_ buffer: ByteBuffer) {
        if body.readableBytes == 0 { body = buffer } else { body.writeImmutableBuffer(buffer) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) {}
}
