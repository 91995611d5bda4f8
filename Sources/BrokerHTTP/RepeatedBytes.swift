import NIOCore

/// Recognises the same bytes: what arrives at a message boundary and equals, to the last byte, a request that this
/// connection has already sent whole, is that request, and gets its cached response if that is still valid.
///
/// In front of the decoder, which knows where a request ends and tells through ``RepeatedRequest``.
final class RepeatedBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// As much as a request's head and body may have.
    private static let largestRequest = 32 * 1024

    private let limits: TimeLimits
    private var context: ChannelHandlerContext?
    /// What was passed on since the last message boundary; `nil` once it cannot be told any more where that is.
    private var passedOn: ByteBuffer? = ByteBuffer()
    private var known: (request: ByteBuffer, answer: CachedResponse)?
    private var hasWritten = false
    private var hasPassedOn = false

    /// Requests that were passed on and whose answers are not out: what comes behind them waits its turn.
    var unanswered = 0

    init(limits: TimeLimits) {
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        while unanswered == 0, passedOn?.readableBytes == 0, let known, bytes.begins(with: known.request) {
            guard context.channel.isWritable, let message = known.answer.message() else {
                self.known = nil
                break
            }
            write(message)
            limits.active()
            bytes.moveReaderIndex(forwardBy: known.request.readableBytes)
        }
        guard bytes.readableBytes > 0 else { return }
        track(bytes)
        hasPassedOn = true
        context.fireChannelRead(wrapInboundOut(bytes))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if hasPassedOn {
            hasPassedOn = false
            context.fireChannelReadComplete()
        }
        if hasWritten {
            hasWritten = false
            context.flush()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { stop() }
        context.fireUserInboundEventTriggered(event)
    }

    private func track(_ bytes: ByteBuffer) {
        guard let before = passedOn else { return }
        guard before.readableBytes + bytes.readableBytes <= Self.largestRequest else {
            passedOn = nil
            return
        }
        if before.readableBytes == 0 { passedOn = bytes } else { passedOn?.writeImmutableBuffer(bytes) }
    }

    /// Whether anything is repeated here at all.
    private(set) var isRunning = true

    /// Ends it: the connection is on its way out.
    func stop() {
        isRunning = false
        known = nil
        passedOn = nil
    }

    /// Takes note that a request ended whose body has this many bytes, `nil` where they were not counted beforehand;
    /// returns all of the request's bytes where they can be told from those around them.
    func requestEnded(bodyLength: Int?) -> ByteBuffer? {
        guard var bytes = passedOn, let bodyLength, let head = bytes.headLength,
            let request = bytes.readSlice(length: head + bodyLength)
        else {
            passedOn = nil
            return nil
        }
        passedOn = bytes
        return request
    }

    func remember(_ request: ByteBuffer, _ answer: CachedResponse) {
        if isRunning { known = (request, answer) }
    }

    /// Writes a whole message.
    func write(_ message: ByteBuffer) {
        hasWritten = true
        context?.write(wrapOutboundOut(message), promise: nil)
    }
}

extension ByteBuffer {
    fileprivate func begins(with other: ByteBuffer) -> Bool {
        guard readableBytes >= other.readableBytes else { return false }
        return withUnsafeReadableBytes { own in
            other.withUnsafeReadableBytes { own.prefix($0.count).elementsEqual($0) }
        }
    }

    /// The length of the request head in front, its empty line included; `nil` where a line does not end as it should,
    /// so that others might see another end.
    fileprivate var headLength: Int? {
        withUnsafeReadableBytes { bytes in
            var lineStart = 0
            for index in bytes.indices {
                switch bytes[index] {
                case UInt8(ascii: "\n"):
                    guard index > 0, bytes[index - 1] == UInt8(ascii: "\r") else { return nil }
                    if index - 1 == lineStart { return lineStart == 0 ? nil : index + 1 }
                    lineStart = index + 1
                case UInt8(ascii: "\r"):
                    guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\n") else { return nil }
                default:
                    continue
                }
            }
            return nil
        }
    }
}
