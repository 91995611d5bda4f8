package import Foundation
import Synchronization

/// A moment of the wall clock that many may set and read at once, without a lock. In milliseconds.
package final class Timestamp: Sendable {
    private static let never = Int64.min

    private let milliseconds: Atomic<Int64>

    /// - Parameter date: `nil`: never.
    package init(_ date: Date? = nil) {
        milliseconds = Atomic(date.map(Self.milliseconds) ?? Self.never)
    }

    func set(_ date: Date) { milliseconds.store(Self.milliseconds(date), ordering: .relaxed) }

    package var date: Date? {
        let milliseconds = milliseconds.load(ordering: .relaxed)
        return milliseconds == Self.never ? nil : Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    private static func milliseconds(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1000) }
}
