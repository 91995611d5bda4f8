import NIOCore

/// Closes a connection whose other end takes too long: for a handshake, a request head, a whole request, to read what it
/// gets, or to ask for anything at all. How long an answer takes is the broker's own affair, which has its own deadlines.
final class TimeoutHandler: ChannelDuplexHandler {
    typealias InboundIn = Any
    typealias OutboundIn = Any

    static let head: TimeAmount = .seconds(10)
    static let request: TimeAmount = .seconds(30)
    static let reading: TimeAmount = .seconds(10)
    static let idle: TimeAmount = .seconds(60)
    /// The `Keep-Alive` field (RFC 2068 §19.7.1.1): earlier than the broker closes, so that no request crosses the close.
    static let announcedIdle = "timeout=55"
    /// What a connection on which nothing is asked for has for a last request, when the broker is on its way out.
    static let lastRequest: TimeAmount = .seconds(1)
    /// What everything has to come to its end then.
    static let drain: TimeAmount = .seconds(12)

    /// Triggered when the time for a last request is up.
    struct NothingMore {}

    private let state: ConnectionState
    private var context: ChannelHandlerContext?
    private var unreadSince: NIODeadline?
    private var check: (at: NIODeadline, task: Scheduled<Void>)?

    init(_ state: ConnectionState) {
        self.state = state
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        arm()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        check?.task.cancel()
        self.context = nil
    }

    /// When the connection's time is up, as things stand.
    private var deadline: NIODeadline? {
        let deadlines = [
            state.handshakeSince.map { $0 + Self.head }, state.headSince.map { $0 + Self.head },
            state.requestSince.map { $0 + Self.request },
            state.idleSince.map { $0 + Self.idle }, unreadSince.map { $0 + Self.reading },
            state.drainingSince.map { $0 + (state.idleSince == nil ? Self.drain : Self.lastRequest) },
        ]
        return deadlines.compactMap(\.self).min()
    }

    /// Looks again when the time is up, unless it is looked before that anyway.
    private func arm() {
        guard let context, let deadline else { return }
        if let check, check.at <= deadline { return }
        check?.task.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        check = (deadline, context.eventLoop.scheduleTask(deadline: deadline) { bound.value.enforce() })
    }

    private func enforce() {
        check = nil
        guard let context, let deadline else { return }
        if deadline > context.eventLoop.now {
            arm()
        } else if let drainingSince = state.drainingSince, state.idleSince != nil,
            drainingSince + Self.drain > context.eventLoop.now
        {
            // Nothing was wrong with the connection: it has its own end.
            context.fireUserInboundEventTriggered(NothingMore())
        } else {
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        state.drain(at: context.eventLoop.now)
        arm()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        arm()
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        arm()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unreadSince = context.channel.isWritable ? nil : context.eventLoop.now
        arm()
        context.fireChannelWritabilityChanged()
    }
}
