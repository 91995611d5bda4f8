import CoreMetrics
import NIOCore
import NIOHTTP1
import Synchronization

/// How long requests take, by route and status.
final class RequestDurations: Sendable {
    private struct Labels: Hashable {
        let route: String
        let status: UInt
    }

    private let factory: any MetricsFactory
    /// Guards the timers that were made so far.
    private let timers = Mutex<[Labels: Timer]>([:])

    init(factory: any MetricsFactory = MetricsSystem.factory) {
        self.factory = factory
    }

    /// - Parameter route: as it is written, with its parameters' names: what a client asks for is nobody's label.
    /// - Returns: where the same request is recorded, when its response is repeated.
    func record(_ elapsed: TimeAmount, of route: String, _ status: HTTPResponseStatus) -> Timer {
        let timer = timer(of: route, status)
        timer.recordNanoseconds(elapsed.nanoseconds)
        return timer
    }

    func timer(of route: String, _ status: HTTPResponseStatus) -> Timer {
        timers.withLock { timers in
            let labels = Labels(route: route, status: status.code)
            if let timer = timers[labels] { return timer }
            let timer = Timer(
                label: "token_broker_http_request_duration_seconds",
                dimensions: [("route", route), ("status", "\(status.code)")], factory: factory
            )
            timers[labels] = timer
            return timer
        }
    }
}
