package import Foundation
import Synchronization

/// How often tokens of one slot were handed out since the start, and when last.
///
/// Counted without a lock: a repeated answer costs little more than this.
package final class HandOutCount: Sendable {
    private let times = Atomic(0)
    /// Milliseconds since 1970.
    private let last = Atomic<Int64>(0)

    func count(at now: Date) {
        times.add(1, ordering: .relaxed)
        last.store(Int64(now.timeIntervalSince1970 * 1000), ordering: .relaxed)
    }

    package var count: Int { times.load(ordering: .relaxed) }

    package var lastUse: Date { Date(timeIntervalSince1970: Double(last.load(ordering: .relaxed)) / 1000) }
}
