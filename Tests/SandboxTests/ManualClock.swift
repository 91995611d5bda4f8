import Foundation
import Synchronization

/// A clock that moves only when told to.
final class ManualClock: Sendable {
    /// Guards the time that the clock shows.
    private let date = Mutex(Date(timeIntervalSince1970: 1_700_000_000))

    var now: @Sendable () -> Date {
        { self.date.withLock { $0 } }
    }

    func advance(bySeconds seconds: TimeInterval) {
        date.withLock { $0 += seconds }
    }
}
