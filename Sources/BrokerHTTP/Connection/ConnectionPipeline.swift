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
        /// What may still be going on when the connection is closed.
        let lastAnswer: EventLoopFuture<Task<Void, Never>?>
    }

    let responder: Responder
    let log: RequestLog
    /// `nil` where nothing is repeated.
    let cache: ResponseCache?
    let largestBody: Int
    /// `nil` for plain text.
    let tls: ListenerTLS?
    let connections: ConnectionTable
    let drain: Drain

    /// Never fails, which would end the listener.
    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        Peer.of(channel).flatMapThrowing { peer in
            guard let (connection, evicted) = connections.enter(peer, close: { channel.close(promise: nil) }) else {
                try channel.pipeline.syncOperations.addHandlers(
                    HTTPResponseEncoder(), OverflowHandler(log: log, saysWhy: tls == nil)
                )
                return Value(channel: channel, lastAnswer: channel.closeFuture.map { nil })
            }
            if let evicted { log.evicted(evicted.holder) }
            channel.closeFuture.whenComplete { _ in connection.remove() }
            let state = ConnectionState(peer, as: connection, isSecured: tls != nil, at: channel.eventLoop.now)
            let pipeline = channel.pipeline.syncOperations
            if let tls {
                let handshake = HandshakeHandler(state, tls, log: log)
                let handler = try NIOSSLServerHandler(
                    context: tls.context(), customVerificationCallback: handshake.keep
                )
                try pipeline.addHandlers(handler, handshake)
            }
            // The front reads on: where it has answered by itself, none of the others has to be asked.
            try channel.syncOptions?.setOption(.autoRead, value: false)
            try pipeline.addHandlers(handlers(state, cache: cache, largestBody: largestBody, log: log))
            let answering = AnsweringHandler(logger: logger, answer: responder.answer)
            try pipeline.addHandler(answering)
            if drain.hasBegun { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
            let bound = NIOLoopBound(answering, eventLoop: channel.eventLoop)
            return Value(channel: channel, lastAnswer: channel.closeFuture.map { bound.value.lastAnswer })
        }.recover { error in
            logger.log(
                .connectionFailed, level: .warning, "a connection could not be taken",
                ["reason": "\(error.connectionReason)"]
            )
            channel.close(promise: nil)
            return Value(channel: channel, lastAnswer: channel.closeFuture.map { nil })
        }
    }

    func handle(value: Value, logger: Logger) async {
        drain.hasArrived()
        await (try? value.lastAnswer.get())??.value
    }
}

/// What a connection's bytes pass between the socket and the requests, and answers the other way round.
func handlers(
    _ state: ConnectionState, cache: ResponseCache?, largestBody: Int, log: RequestLog
) -> [any ChannelHandler] {
    let front = CachedBytesHandler(state, cache: cache)
    return [
        front,
        HTTPResponseEncoder(),
        ByteToMessageHandler(RequestDecoder(state)),
        TimeoutHandler(state),
        ConformanceHandler(state, largestBody: largestBody, log: log),
    ] + [cache.map { CachedRequestHandler(state, cache: $0, behind: front) }].compactMap(\.self)
}
