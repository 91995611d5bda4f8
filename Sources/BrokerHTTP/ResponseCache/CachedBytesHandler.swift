import Foundation
import NIOCore

/// Recognises the same bytes: what arrives at a message boundary and equals, to the last byte, a request that this
/// connection has already sent whole, is that request, and gets its cached response if that is still valid.
final class CachedBytesHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long a request whose response is not valid any more may be kept.
    private static let sweep: TimeAmount = .seconds(10)

    /// An object, which is cheaper to look at than what is in it.
    private final class Known {
        let request: ByteBuffer
        let response: CachedResponse

        init(_ request: ByteBuffer, _ response: CachedResponse) {
            self.request = request
            self.response = response
        }
    }

    private let state: ConnectionState
    private var context: ChannelHandlerContext?
    private var known: Known?
    private var sweeping: Scheduled<Void>?
    private var isWritable = true
    private var hasWritten = false
    private var hasPassedOn = false

    init(_ state: ConnectionState) {
        self.state = state
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        sweeping?.cancel()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        while state.isAtBoundary, let known, bytes.begins(with: known.request) {
            guard isWritable, let message = known.response.message() else {
                self.known = nil
                break
            }
            write(message)
            state.repeated(at: context.eventLoop.now)
            bytes.moveReaderIndex(forwardBy: known.request.readableBytes)
        }
        guard bytes.readableBytes > 0 else { return }
        hasPassedOn = true
        if state.receive(bytes, at: context.eventLoop.now) { context.fireChannelRead(wrapInboundOut(bytes)) }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.channel.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard hasPassedOn else {
            flush()
            context.read()
            return
        }
        hasPassedOn = false
        context.fireChannelReadComplete()
        flush()
        context.channel.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        context.fireChannelWritabilityChanged()
    }

    func remember(_ request: ByteBuffer, _ response: CachedResponse) {
        known = Known(request, response)
        if sweeping == nil { sweepLater() }
    }

    var remembersRequest: Bool { known != nil }

    /// Both the request and the response have secrets in them.
    private func sweepLater() {
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        sweeping = context.eventLoop.scheduleTask(in: Self.sweep) {
            let front = bound.value
            front.sweeping = nil
            if front.known?.response.isValid == false { front.known = nil }
            if front.known != nil { front.sweepLater() }
        }
    }

    /// Writes a whole message, which goes out with the others at the end of the read.
    func write(_ message: ByteBuffer) {
        hasWritten = true
        context?.write(wrapOutboundOut(message), promise: nil)
    }

    /// Sends what was written.
    func flush() {
        guard hasWritten else { return }
        hasWritten = false
        context?.flush()
    }
}

extension ByteBuffer {
    fileprivate func begins(with other: ByteBuffer) -> Bool {
        guard readableBytes >= other.readableBytes else { return false }
        return withUnsafeReadableBytes { own in
            other.withUnsafeReadableBytes { other in
                guard let ownStart = own.baseAddress, let start = other.baseAddress else { return other.isEmpty }
                return memcmp(ownStart, start, other.count) == 0
            }
        }
    }
}
