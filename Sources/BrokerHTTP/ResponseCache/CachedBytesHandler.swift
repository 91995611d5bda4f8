import Foundation
import NIOCore

/// Answers what is cached before it is even decoded: bytes that arrive at a message boundary and are, to the last one,
/// the last request that this connection has sent whole, or that a cached response has the key of.
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
    private let cache: ResponseCache?
    private var context: ChannelHandlerContext?
    private var known: Known?
    /// The key of the request that is passed on next, where no response is cached for it.
    private var missed: ResponseCacheKey?
    private var sweeping: Scheduled<Void>?
    private var isWritable = true
    private var hasWritten = false
    private var hasPassedOn = false

    /// - Parameter cache: `nil` where nothing is repeated.
    init(_ state: ConnectionState, cache: ResponseCache?) {
        self.state = state
        self.cache = cache
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
        var begin = context.eventLoop.now
        while state.isAtBoundary, isWritable, let known = answer(bytes) {
            let now = context.eventLoop.now
            state.repeated(at: now)
            count(known.response, now - begin)
            begin = now
            bytes.moveReaderIndex(forwardBy: known.request.readableBytes)
        }
        guard bytes.readableBytes > 0 else { return }
        hasPassedOn = true
        if state.receive(bytes, at: context.eventLoop.now) { context.fireChannelRead(wrapInboundOut(bytes)) }
    }

    /// Answers the request that the bytes begin with.
    ///
    /// - Returns: what it is; `nil` when its response is not cached.
    private func answer(_ bytes: ByteBuffer) -> Known? {
        if let known, bytes.begins(with: known.request) {
            guard let message = known.response.message() else {
                self.known = nil
                return nil
            }
            write(message)
            return known
        }
        guard let cache, let (key, length) = ResponseCacheKey.read(bytes, from: state.peer) else { return nil }
        guard let response = cache[key], let message = response.message(),
            let request = bytes.getSlice(at: bytes.readerIndex, length: length)
        else {
            missed = key
            return nil
        }
        write(message)
        remember(request, response)
        return known
    }

    /// A cached response went out.
    func count(_ response: CachedResponse, _ elapsed: TimeAmount) {
        state.authenticated(response.client)
        cache?.countHit()
        response.count(elapsed)
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

    /// The key of the request that was just decoded, where it is known that no response is cached for it.
    func takeMissed() -> ResponseCacheKey? {
        defer { missed = nil }
        return missed
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
    private func flush() {
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
