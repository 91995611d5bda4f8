import Broker
import NIOCore
import NIOHTTP1

/// A request that has been read to its end.
struct WholeRequest: Sendable {
    let peer: Peer
    let head: HTTPRequestHead
    let body: ByteBuffer
    /// All of it as it came; empty where the body itself says how long it is.
    let bytes: ByteBuffer

    /// The target's path as it came.
    var path: Substring { head.uri[..<queryMark] }

    /// What follows the question mark; empty where there is none.
    var query: Substring { head.uri[queryMark...].dropFirst() }

    private var queryMark: String.Index { head.uri.utf8.firstIndex(of: UInt8(ascii: "?")) ?? head.uri.endIndex }
}

/// An answer that can be written at once.
struct WholeResponse: Sendable {
    var head: HTTPResponseHead
    var body: ByteBuffer
    /// The client that was authenticated, if one was.
    let client: ClientID?
    /// What may be repeated instead of asking again.
    var cacheable: CacheableResponse?

    /// - Parameters:
    ///   - fields: besides those that every answer has: nothing of it may be kept by anybody on the way.
    ///   - client: the client that was authenticated, if one was.
    init(
        _ status: HTTPResponseStatus = .ok, type: String = "application/json", body: ByteBuffer,
        fields: HTTPHeaders = [:], for client: ClientID? = nil
    ) {
        self.client = client
        var headers: HTTPHeaders = [
            "Content-Type": type, "Content-Length": String(body.readableBytes), "Cache-Control": "no-store",
            "Pragma": "no-cache", "Date": HTTPDate.now, "Keep-Alive": TimeoutHandler.announcedIdle,
        ]
        headers.add(contentsOf: fields)
        head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        self.body = body
    }

    init(
        _ status: HTTPResponseStatus = .ok, json value: some Encodable, fields: HTTPHeaders = [:],
        for client: ClientID? = nil
    ) throws {
        self.init(status, body: try ByteBuffer(json: value), fields: fields, for: client)
    }

    init(_ error: ErrorAnswer) {
        self.init(error.status, body: ByteBuffer(bytes: error.body), fields: error.fields)
    }

    /// Says that the connection ends with this response.
    mutating func endConnection() {
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        head.headers.remove(name: "Keep-Alive")
    }

    /// The same as the encoder takes it.
    var parts: [HTTPServerResponsePart] {
        [.head(head)] + (body.readableBytes > 0 ? [.body(.byteBuffer(body))] : []) + [.end(nil)]
    }
}

extension ByteBuffer {
    init(json value: some Encodable) throws {
        self.init(bytes: try WireJSON.encode(value))
    }
}
