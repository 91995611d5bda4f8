import NIOCore
import NIOHTTP1

/// The HTTP/1.1 decoder, which reads on behind an offer to upgrade (RFC 9110 §7.8): to NIO's that is the end of HTTP.
final class RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    static let largestHead = 16 * 1024
    static let mostFields = 64

    private let state: ConnectionState
    private var decoder = RequestDecoder.makeDecoder()

    init(_ state: ConnectionState) {
        self.state = state
    }

    private static func makeDecoder() -> HTTPRequestDecoder {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = largestHead
        limits.maxHeaderListSize = largestHead
        limits.maxHeaderFieldCount = mostFields
        return HTTPRequestDecoder(limitConfiguration: limits)
    }

    func decoderAdded(context: ChannelHandlerContext) {
        decoder.decoderAdded(context: context)
    }

    func decoderRemoved(context: ChannelHandlerContext) {
        decoder.decoderRemoved(context: context)
    }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        while true {
            _ = try decoder.decode(context: context, buffer: &buffer)
            guard buffer.readableBytes > 0, state.takeOffer() else { return .needMoreData }
            decoder.decoderRemoved(context: context)
            decoder = Self.makeDecoder()
            decoder.decoderAdded(context: context)
        }
    }

    func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        _ = try decode(context: context, buffer: &buffer)
        return try decoder.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }
}
