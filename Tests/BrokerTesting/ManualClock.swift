package import Broker
import Foundation
import Synchronization

/// A clock that moves only when told to.
package final class ManualClock: BrokerClock {
    /// What becomes of those who sleep.
    package enum Sleep: Sendable {
        /// The clock jumps to the end of the sleep at once: for tests in which one thing happens after the other.
        case jumps
        /// They wait until the clock has been moved that far: for tests in which many things happen at the same time.
        case waits
    }

    private struct State {
        var now = Moment(wall: Date(timeIntervalSince1970: 1_800_000_000), boot: .seconds(1000))
        var sleepers: [(end: Duration, wake: CheckedContinuation<Void, Never>)] = []
    }

    private let sleep: Sleep
    /// Guards the time and those who wait for it.
    private let state = Mutex(State())

    package init(sleep: Sleep = .jumps) {
        self.sleep = sleep
    }

    /// How many wait for the clock to be moved.
    package var sleepers: Int { state.withLock { $0.sleepers.count } }

    package var now: Moment { state.withLock { $0.now } }

    package func advance(by duration: Duration) {
        let awake = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let end = state.sleepers.partition { $0.end <= state.now.boot }
            defer { state.sleepers.removeSubrange(end...) }
            return Array(state.sleepers[end...])
        }
        for sleeper in awake.sorted(by: { $0.end < $1.end }) { sleeper.wake.resume() }
    }

    /// Sets the wall clock; the boot clock cannot be set.
    package func setWall(by duration: Duration) {
        state.withLock { $0.now.wall.addTimeInterval(duration / .seconds(1)) }
    }

    package func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        switch sleep {
        case .jumps:
            advance(by: duration)
        case .waits:
            await withCheckedContinuation { continuation in
                state.withLock { $0.sleepers.append(($0.now.boot + duration, continuation)) }
            }
        }
    }
}
