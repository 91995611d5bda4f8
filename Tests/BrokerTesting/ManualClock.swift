package import Broker
import Foundation
import Synchronization

/// A clock that moves only when told to, or when somebody sleeps: then it jumps to the end of the sleep at once.
package final class ManualClock: BrokerClock {
    private let moment = Mutex(Moment(wall: Date(timeIntervalSince1970: 1_800_000_000), boot: .seconds(1000)))

    package init() {}

    package var now: Moment { moment.withLock { $0 } }

    package func advance(by duration: Duration) {
        moment.withLock { $0 = $0.advanced(by: duration) }
    }

    /// Sets the wall clock; the boot clock cannot be set.
    package func setWall(by duration: Duration) {
        moment.withLock { $0.wall.addTimeInterval(duration / .seconds(1)) }
    }

    package func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        advance(by: duration)
    }
}
