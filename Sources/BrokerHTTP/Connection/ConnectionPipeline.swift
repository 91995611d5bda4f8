import Broker
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// A connection from its bytes to the routes: everything that it passes, in the order of the wire.
struct ConnectionPipeline: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        /// `nil` where the connection is one too many.
        var messages: NIOAsyncChannel<WholeRequest, WholeResponse>?
    }

    let responder: Responder
    /// `nil` where nothing is repeated.
    let cache: ResponseCache?
    let largestBody: Int
    /// `nil` for plain text.
    let tls: ListenerTLS?
    let limit: ConnectionLimit
    let drain: Drain

    /// Never fails, which would end the listener.
    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        Peer.of(channel).flatMapThrowing { peer in
            guard limit.admit(peer) else {
                try channel.pipeline.syncOperations.addHandlers(
                    HTTPResponseEncoder(), OverflowHandler(saysWhy: tls == nil)
                )
                return Value(channel: channel)
            }
            channel.closeFuture.whenComplete { _ in limit.release(peer) }
            let state = ConnectionState(peer, isSecured: tls != nil, at: channel.eventLoop.now)
            let pipeline = channel.pipeline.syncOperations
            if let tls {
                try pipeline.addHandlers(NIOSSLServerHandler(context: tls.context()), HandshakeHandler(state))
            }
            try channel.syncOptions?.setOption(.autoRead, value: false)
            try pipeline.addHandlers(handlers(state, cache: cache, largestBody: largestBody))
            let messages = try NIOAsyncChannel<WholeRequest, WholeResponse>(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)
            )
            if drain.hasBegun { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
            return Value(channel: channel, messages: messages)
        }.recover { error in
            logger.warning("a connection could not be taken", metadata: ["error": "\(error)"])
            channel.close(promise: nil)
            return Value(channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        drain.hasArrived()
        guard let messages = value.messages else { return }
        do {
            try await messages.executeThenClose { requests, responses in
                for try await request in requests {
                    try await responses.write(responder.answer(request))
                }
                responses.finish()
                try await value.channel.closeFuture.get()
            }
        } catch {
            // The other end is gone: there is nobody left to tell.
            logger.trace("connection lost", metadata: ["error": "\(error)"])
        }
    }
}

/// What a connection's bytes pass between the socket and the requests, and answers the other way round.
func handlers(_ state: ConnectionState, cache: ResponseCache?, largestBody: Int) -> [any ChannelHandler] {
    let front = CachedBytesHandler(state, cache: cache)
    return [
        front,
        HTTPResponseEncoder(),
        RequestDecoding(),
        TimeoutHandler(state),
        ConformanceHandler(state, largestBody: largestBody),
    ] + [cache.map { CachedRequestHandler(state, cache: $0, behind: front) }].compactMap(\.self)
}
