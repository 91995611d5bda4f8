import NIOCore
import NIOHTTP1

/// Recognises the same request, whatever connection it comes over, and gives the response that is cached for it.
///
/// Behind the decoder. Holds a request back until it is whole, looks for its digest among the listener's
/// ``ResponseCache``, and passes on untouched what it does not know. Learns from the answers that go out.
final class RepeatedRequest: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request whose response may be cached: in pieces until it is whole.
    private struct Candidate {
        let head: HTTPRequestHead
        let bodyLength: Int
        var body: [ByteBuffer] = []
    }

    /// A request that was passed on.
    private struct Asked {
        let digest: RequestDigest
        let bytes: ByteBuffer?
    }

    private static let largestBody = 16 * 1024

    private let front: RepeatedBytes
    private let limits: TimeLimits
    private let cache: ResponseCache
    private let entry: PendingCacheEntry
    private let user: UInt32?

    /// The request that is held back.
    private var held: Candidate?
    /// The length of the body of the request that is passed on as it comes, where that is known.
    private var lengthOfPassed: Int?
    /// The newest request that was passed on, when it came alone and its response may be cached.
    private var asked: Asked?
    private var answer: HTTPResponseHead?

    /// - Parameter user: the Unix user at the other end.
    init(behind front: RepeatedBytes, limits: TimeLimits, cache: ResponseCache, entry: PendingCacheEntry, user: UInt32?)
    {
        self.front = front
        self.limits = limits
        self.cache = cache
        self.entry = entry
        self.user = user
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            lengthOfPassed = head.bodyLength
            // What is behind an upgrade that is ignored does not come out of a read from the socket.
            if head.headers.contains(name: "Upgrade") { front.stop() }
            if front.isRunning, front.unanswered == 0, head.mayRepeat, let length = head.bodyLength,
                length <= Self.largestBody
            {
                held = Candidate(head: head, bodyLength: length)
            } else {
                front.unanswered += 1
                asked = nil
                context.fireChannelRead(data)
            }
        case .body(let part):
            if held != nil { held?.body.append(part) } else { context.fireChannelRead(data) }
        case .end:
            let bytes = front.requestEnded(bodyLength: lengthOfPassed)
            guard let request = held else {
                context.fireChannelRead(data)
                return
            }
            let digest = RequestDigest(request.head, body: request.body, user: user)
            if front.isRunning, context.channel.isWritable, let answer = cache[digest] {
                if let message = answer.message() {
                    held = nil
                    front.write(message)
                    limits.answered()
                    if let bytes { front.remember(bytes, answer) }
                    return
                }
                cache[digest] = nil
            }
            asked = Asked(digest: digest, bytes: bytes)
            passOnHeld(context)
            context.fireChannelRead(data)
        }
    }

    private func passOnHeld(_ context: ChannelHandlerContext) {
        guard let request = held else { return }
        held = nil
        front.unanswered += 1
        context.fireChannelRead(wrapInboundOut(.head(request.head)))
        for part in request.body { context.fireChannelRead(wrapInboundOut(.body(part))) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if !head.status.isInformational { answer = head }
            if head.headers[canonicalForm: "Connection"].contains("close") { front.stop() }
        case .body:
            break
        case .end:
            if let answer { learn(from: answer) }
            answer = nil
            front.unanswered = max(0, front.unanswered - 1)
        }
        context.write(data, promise: promise)
    }

    private func learn(from head: HTTPResponseHead) {
        let response = entry.take()
        // With another request behind it, which ends `asked`, the response may be that one's.
        guard front.isRunning, let asked, let response, head.status == .ok else { return }
        let answer = CachedResponse(response, fields: head.headers)
        cache[asked.digest] = answer
        if let bytes = asked.bytes { front.remember(bytes, answer) }
    }

    // What is held back goes before anything that ends it.

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        front.stop()
        passOnHeld(context)
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { passOnHeld(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        passOnHeld(context)
        context.fireChannelInactive()
    }
}

extension HTTPRequestHead {
    /// Whether nothing in the head asks for more than an answer.
    fileprivate var mayRepeat: Bool {
        guard version == .http1_1, method == .GET || method == .POST else { return false }
        return headers.allSatisfy { name, value in
            switch name.lowercased() {
            case "connection": value.lowercased() == "keep-alive"
            case "expect": false
            default: true
            }
        }
    }

    /// `nil` where it is not known beforehand.
    fileprivate var bodyLength: Int? {
        if headers.contains(name: "Transfer-Encoding") { return nil }
        guard let field = headers.first(name: "Content-Length") else { return 0 }
        return Int(field)
    }
}

extension HTTPResponseStatus {
    fileprivate var isInformational: Bool { (100..<200).contains(code) }
}
