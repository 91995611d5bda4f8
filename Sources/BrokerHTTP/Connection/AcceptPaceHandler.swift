import NIOCore

/// Lets the event loops and the thread pool of tasks finish a batch of new connections before it accepts the next.
///
/// An event loop runs the tasks in its queue until the queue is empty, and polls its sockets only then. Accepting a
/// connection is faster than the work that follows: the set-up on its event loop, a Swift task, and closing the
/// connection that it evicts. Without a pause, a burst of new connections fills the queues, and the requests on open
/// connections wait until the burst ends.
final class AcceptPaceHandler: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let batch: Int
    /// The number of connections accepted since the last pause.
    private var accepted = 0
    /// The event loops that have a signal, or will have one soon.
    private var loops: Set<ObjectIdentifier> = []
    private var signals: [PollSignal] = []
    /// The number of event loops and thread pools that the pause still waits for; 0 outside a pause.
    private var awaited = 0

    /// - Parameter batch: the number of connections after which the handler pauses.
    init(batch: Int) {
        self.batch = batch
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        accepted += 1
        makeSignal(of: unwrapInboundIn(data).eventLoop, context)
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        guard awaited == 0 else { return }
        guard accepted >= batch, !signals.isEmpty else { return context.read() }
        accepted = 0
        awaited = signals.count + 1
        for signal in signals { signal.request() }
        let hasCaughtUp = hasCaughtUp(context)
        // Runs after the tasks that are in the queue.
        Task { hasCaughtUp() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        signals = []
    }

    /// Makes a signal of an event loop, if it has none. If that fails, the event loop's next connection tries again.
    private func makeSignal(of loop: any EventLoop, _ context: ChannelHandlerContext) {
        guard loops.insert(ObjectIdentifier(loop)).inserted else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        PollSignal.make(on: loop, onPoll: hasCaughtUp(context))
            .hop(to: context.eventLoop)
            .whenComplete { result in
                switch result {
                case .success(let signal): bound.value.signals.append(signal)
                case .failure: bound.value.loops.remove(ObjectIdentifier(loop))
                }
            }
    }

    /// Returns a function that reports that an event loop or the thread pool has caught up; the last ends the pause.
    private func hasCaughtUp(_ context: ChannelHandlerContext) -> @Sendable () -> Void {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        return {
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                handler.awaited -= 1
                if handler.awaited == 0 { context.read() }
            }
        }
    }
}
