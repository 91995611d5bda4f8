import Foundation

/// The `Retry-After` field (RFC 9110 §10.2.3): seconds, or a date.
enum RetryAfter {
    /// The longest that is read, so that any number can become a duration. How much of it is believed is not decided here.
    private static let longest = 300.0

    /// `nil` where it is missing, nonsense, or in the past.
    static func duration(_ field: String?, now: Date) -> Duration? {
        guard let text = field?.trimmingCharacters(in: .whitespaces) else { return nil }
        let seconds = Int(text).map(Double.init) ?? Date(http: text).map { $0.timeIntervalSince(now) }
        guard let seconds, seconds >= 0 else { return nil }
        return .seconds(min(seconds, longest))
    }
}
