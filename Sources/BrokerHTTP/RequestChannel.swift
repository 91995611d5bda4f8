import Broker
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// A connection's pipeline: HTTP/1.1 with our limits and rules in front of Hummingbird.
struct RequestChannel: ServerChildChannel, HTTPChannelHandler {
    struct Value: ServerChildChannelValue {
        let requests: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let connection: Connection

        var channel: any Channel { requests.channel }
    }

    let responder: HTTPChannelHandler.Responder
    /// `nil` where nothing is repeated.
    let cache: ResponseCache?
    let drain: Drain

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        Peer.of(channel).flatMapThrowing { peer in
            let connection = Connection(peer: peer, cacheEntry: PendingCacheEntry())
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPResponseEncoder())
            let limits = TimeLimits()
            let rules = ConnectionRules(limits: limits)
            try pipeline.addHandler(rules)
            try pipeline.addHandler(limits, position: .before(rules))
            if let cache {
                let front = RepeatedBytes(limits: limits)
                let repeated = RepeatedRequest(
                    behind: front, limits: limits, cache: cache, entry: connection.cacheEntry, user: peer.user
                )
                try pipeline.addHandler(front, position: .first)
                try pipeline.addHandler(repeated, position: .before(rules))
            }
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(HTTPConnectionStateHandler(logger: logger))
            let requests = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)
            )
            if drain.hasBegun { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
            return Value(requests: requests, connection: connection)
        }.flatMapErrorThrowing { error in
            drain.hasArrived()
            throw error
        }
    }

    func handle(value: Value, logger: Logger) async {
        drain.hasArrived()
        await Connection.$current.withValue(value.connection) {
            await handleHTTP(asyncChannel: value.requests, logger: logger)
        }
    }
}
