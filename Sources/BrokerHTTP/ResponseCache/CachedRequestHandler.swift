import NIOCore
import NIOHTTP1

/// Recognises the same request, whatever connection it comes over, and gives the response that is cached for it.
///
/// Passes on what it does not know, and learns from the answers that go out.
final class CachedRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = WholeRequest
    typealias InboundOut = WholeRequest
    typealias OutboundIn = WholeResponse
    typealias OutboundOut = WholeResponse

    /// A request that was passed on.
    private struct Asked {
        let key: ResponseCacheKey
        let bytes: ByteBuffer
    }

    private let state: ConnectionState
    private let cache: ResponseCache
    private let front: CachedBytesHandler
    /// In the order in which they are answered; `nil` for one whose response is not cached.
    private var asked = CircularBuffer<Asked?>()

    init(_ state: ConnectionState, cache: ResponseCache, behind front: CachedBytesHandler) {
        self.state = state
        self.cache = cache
        self.front = front
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let request = unwrapInboundIn(data)
        let missed = front.takeMissed()
        guard request.head.method == .GET || request.head.method == .POST,
            let key = missed ?? ResponseCacheKey.read(request.bytes, from: request.peer)?.key
        else {
            asked.append(nil)
            context.fireChannelRead(data)
            return
        }
        let begin = context.eventLoop.now
        if missed == nil, state.isNextToAnswer, context.channel.isWritable, let response = cache[key] {
            if let message = response.message() {
                front.write(message)
                let now = context.eventLoop.now
                state.answer(at: now)
                front.count(response, now - begin)
                front.remember(request.bytes, response)
                return
            }
            cache[key] = nil
        }
        cache.countMiss()
        asked.append(Asked(key: key, bytes: request.bytes))
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let response = unwrapOutboundIn(data)
        if let asked = asked.popFirst() ?? nil, let cacheable = response.cacheable, !state.isNextAnswerLast {
            let response = CachedResponse(cacheable, fields: response.head.headers, body: response.body)
            cache[asked.key] = response
            front.remember(asked.bytes, response)
        }
        context.write(data, promise: promise)
    }
}
