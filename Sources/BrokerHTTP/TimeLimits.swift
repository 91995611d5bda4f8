import NIOCore
import NIOHTTP1

/// Closes a connection whose other end takes too long: for a request head, for a whole request, to read what it gets, or
/// to ask for anything at all. How long an answer takes is the broker's own affair, which has its own deadlines.
///
/// Right behind the decoder: bytes that come without completing anything are a head that is on its way.
final class TimeLimits: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    static let head: TimeAmount = .seconds(10)
    static let request: TimeAmount = .seconds(30)
    static let reading: TimeAmount = .seconds(10)
    static let idle: TimeAmount = .seconds(60)
    /// What a connection on which nothing is asked for has for a last request, when the broker is on its way out.
    static let lastRequest: TimeAmount = .seconds(1)
    /// What everything has to come to its end then.
    static let drain: TimeAmount = .seconds(12)

    /// Triggered when the time for a last request is up.
    struct NothingMore {}

    private var context: ChannelHandlerContext?
    private var lastActive = NIODeadline.uptimeNanoseconds(0)
    private var headSince: NIODeadline?
    private var requestSince: NIODeadline?
    private var unreadSince: NIODeadline?
    private var unanswered = 0
    private var drainingSince: NIODeadline?
    private var hasReadPart = false
    private var check: (at: NIODeadline, task: Scheduled<Void>)?

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        active()
        arm()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        check?.task.cancel()
        self.context = nil
    }

    /// Something was asked for and answered elsewhere.
    func active() {
        if let context { lastActive = context.eventLoop.now }
    }

    /// Whether bytes have come that are the beginning of a request.
    var isReadingHead: Bool { headSince != nil }

    private var isIdle: Bool { unanswered == 0 && headSince == nil && requestSince == nil }

    /// When the connection's time is up, as things stand.
    private var deadline: NIODeadline? {
        var deadlines = [
            headSince.map { $0 + Self.head }, requestSince.map { $0 + Self.request },
            unreadSince.map { $0 + Self.reading }, drainingSince.map { $0 + Self.drain },
        ]
        if isIdle {
            deadlines.append(lastActive + Self.idle)
            deadlines.append(drainingSince.map { $0 + Self.lastRequest })
        }
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
        guard let context else { return }
        let now = context.eventLoop.now
        if let deadline, deadline > now {
            arm()
        } else if let drainingSince, isIdle, drainingSince + Self.drain > now {
            // Nothing was wrong with the connection: it has its own end.
            context.fireUserInboundEventTriggered(NothingMore())
        } else if deadline != nil {
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            drainingSince = context.eventLoop.now
            arm()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasReadPart = true
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            requestSince = headSince ?? context.eventLoop.now
            headSince = nil
        case .body:
            break
        case .end:
            requestSince = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !hasReadPart, requestSince == nil, headSince == nil { headSince = context.eventLoop.now }
        hasReadPart = false
        active()
        arm()
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { answered() }
        context.write(data, promise: promise)
    }

    /// A request that came through here has its answer.
    func answered() {
        unanswered = max(0, unanswered - 1)
        active()
        arm()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unreadSince = context.channel.isWritable ? nil : context.eventLoop.now
        arm()
        context.fireChannelWritabilityChanged()
    }
}
