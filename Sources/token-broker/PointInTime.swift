import ArgumentParser
import Foundation

/// A time as people write it: `2026-01-31`, `2026-01-31T12:00:00Z`, or `24h`, which is so long ago.
struct PointInTime {
    let date: Date

    /// Throws ``ValidationError``.
    init(_ argument: String) throws {
        if let span = try? TimeSpan(argument) {
            date = Date(timeIntervalSinceNow: -Double(span.seconds))
        } else if let date = try? Date(argument, strategy: .iso8601) {
            self.date = date
        } else if let date = try? Date(argument, strategy: .iso8601.year().month().day()) {
            self.date = date
        } else {
            throw ValidationError("a time is such as 2026-01-31, 2026-01-31T12:00:00Z, or how long ago: 24h")
        }
    }
}
