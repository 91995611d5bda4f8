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
        var timeouts: [Int: (end: Duration, wake: CheckedContinuation<Void, any Error>)] = [:]
        var nextTimeout = 0
    }

    private let sleep: Sleep
    /// Guards the time and those who wait for it.
    private let state = Mutex(State())

    package init(sleep: Sleep = .jumps) {
        self.sleep = sleep
    }

    /// How many wait for the clock to be moved.
    package var sleepers: Int { state.withLock { $0.sleepers.count } }

    /// How many wait for something no longer than until the clock has been moved.
    package var timeouts: Int { state.withLock { $0.timeouts.count } }

    package var now: Moment { state.withLock { $0.now } }

    package func advance(by duration: Duration) {
        let (awake, over) = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let end = state.sleepers.partition { $0.end <= state.now.boot }
            let over = state.timeouts.filter { $0.value.end <= state.now.boot }
            for id in over.keys { state.timeouts[id] = nil }
            defer { state.sleepers.removeSubrange(end...) }
            return (Array(state.sleepers[end...]), Array(over.values))
        }
        for sleeper in awake.sorted(by: { $0.end < $1.end }) { sleeper.wake.resume() }
        for timeout in over { timeout.wake.resume() }
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

    /// Never moves the clock, whoever sleeps.
    package func timeout(after duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextTimeout += 1
            return state.nextTimeout
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isPending = state.withLock { state in
                    guard duration > .zero, !Task.isCancelled else { return false }
                    state.timeouts[id] = (state.now.boot + duration, continuation)
                    return true
                }
                if !isPending { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.timeouts.removeValue(forKey: id) }?.wake.resume(throwing: CancellationError())
        }
        try Task.checkCancellation()
    }
}
