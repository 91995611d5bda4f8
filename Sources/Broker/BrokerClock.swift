package import Foundation

/// One moment, read off both clocks that a token's life is measured by.
package struct Moment: Sendable, Hashable {
    /// The wall clock, which people and other machines read, and which can be set.
    package var wall: Date
    /// Time since an arbitrary start by CLOCK_BOOTTIME, which nobody can set and which goes on during suspend.
    package var boot: Duration

    package init(wall: Date, boot: Duration) {
        self.wall = wall
        self.boot = boot
    }

    /// How long ago `earlier` was, by the clock that says longer: a clock that was set back cannot prolong anything.
    package func elapsed(since earlier: Moment) -> Duration {
        let seconds = wall.timeIntervalSince(earlier.wall)
        // Many times cheaper than a duration made of a number with a fraction; a century is long enough.
        return max(.nanoseconds(Int64(min(max(seconds, -3e9), 3e9) * 1e9)), boot - earlier.boot)
    }

    package func advanced(by duration: Duration) -> Moment {
        Moment(wall: wall.addingTimeInterval(duration / .seconds(1)), boot: boot + duration)
    }
}

/// The broker's only source of time and of waiting.
package protocol BrokerClock: Sendable {
    var now: Moment { get }

    /// Waits by the boot clock; throws `CancellationError` when the task is cancelled.
    func sleep(for duration: Duration) async throws

    /// The same, for a limit to something that should end before.
    func timeout(after duration: Duration) async throws
}

/// The machine's clocks.
package struct SystemClock: BrokerClock {
    private let start = ContinuousClock.now

    package init() {}

    // On Linux ContinuousClock is CLOCK_BOOTTIME.
    package var now: Moment { Moment(wall: Date(), boot: start.duration(to: .now)) }

    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration, clock: .continuous)
    }

    package func timeout(after duration: Duration) async throws {
        try await sleep(for: duration)
    }
}
