package import Foundation
import Synchronization

/// How often tokens of a key were handed out since the start, and when last.
///
/// Noted without a lock: a cached response costs little more than this.
package final class KeyUse: Sendable {
    private let times = Atomic(0)
    /// Milliseconds since 1970.
    private let milliseconds = Atomic<Int64>(0)

    package init() {}

    func note(at now: Date) {
        times.add(1, ordering: .relaxed)
        milliseconds.store(Int64(now.timeIntervalSince1970 * 1000), ordering: .relaxed)
    }

    package var count: Int { times.load(ordering: .relaxed) }

    /// `nil`: not since the start.
    package var last: Date? {
        count > 0 ? Date(timeIntervalSince1970: Double(milliseconds.load(ordering: .relaxed)) / 1000) : nil
    }
}
