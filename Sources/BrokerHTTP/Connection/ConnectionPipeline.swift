import Broker
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// A connection from its bytes to the routes: everything that it passes, in the order of the wire.
struct ConnectionPipeline<Responder: HTTPResponder<ListenerContext>>: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let peer: Peer
        /// `nil` where the connection is one too many.
        var messages: NIOAsyncChannel<WholeRequest, WholeResponse>?
    }

    let responder: Responder
    /// `nil` where nothing is repeated.
    let cache: ResponseCache?
    let largestBody: Int
    let limit: ConnectionLimit
    let drain: Drain

    /// Never fails, which would end the listener.
    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        Peer.of(channel).flatMapThrowing { peer in
            guard limit.admit(peer) else {
                try channel.pipeline.syncOperations.addHandlers(HTTPResponseEncoder(), OverflowHandler())
                return Value(channel: channel, peer: peer)
            }
            channel.closeFuture.whenComplete { _ in limit.release(peer) }
            let state = ConnectionState(at: channel.eventLoop.now)
            try channel.pipeline.syncOperations.addHandlers(
                handlers(state, cache: cache, user: peer.user, largestBody: largestBody)
            )
            let messages = try NIOAsyncChannel<WholeRequest, WholeResponse>(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)
            )
            if drain.hasBegun { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
            return Value(channel: channel, peer: peer, messages: messages)
        }.recover { error in
            logger.warning("a connection could not be taken", metadata: ["error": "\(error)"])
            channel.close(promise: nil)
            return Value(channel: channel, peer: Peer(.unknown))
        }
    }

    func handle(value: Value, logger: Logger) async {
        drain.hasArrived()
        guard let messages = value.messages else { return }
        do {
            try await messages.executeThenClose { requests, responses in
                for try await request in requests {
                    try await responses.write(answer(request, from: value.peer, logger: logger))
                }
                responses.finish()
                try await value.channel.closeFuture.get()
            }
        } catch {
            // The other end is gone: there is nobody left to tell.
            logger.trace("connection lost", metadata: ["error": "\(error)"])
        }
    }

    private func answer(_ request: WholeRequest, from peer: Peer, logger: Logger) async throws -> WholeResponse {
        guard let head = try? HTTPRequest(request.head, secure: false, splitCookie: false) else {
            return WholeResponse(ErrorAnswer(RequestRefusal.notHTTP))
        }
        let context = ListenerContext(source: .init(peer: peer, logger: logger))
        let response = try await responder.respond(
            to: Request(head: head, body: RequestBody(buffer: request.body)), context: context
        )
        var whole = try await WholeResponse(response)
        whole.cacheable = context.cachePermission.given
        return whole
    }
}

/// What a connection's bytes pass between the socket and the requests, and answers the other way round.
///
/// - Parameter user: the Unix user at the other end.
func handlers(
    _ state: ConnectionState, cache: ResponseCache?, user: UInt32?, largestBody: Int
) -> [any ChannelHandler] {
    let front = CachedBytesHandler(state)
    return [
        front,
        HTTPResponseEncoder(),
        RequestDecoding(),
        TimeoutHandler(state),
        ConformanceHandler(state, largestBody: largestBody),
    ] + [cache.map { CachedRequestHandler(state, cache: $0, behind: front, user: user) }].compactMap(\.self)
}
