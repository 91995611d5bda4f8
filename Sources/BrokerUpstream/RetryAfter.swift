import Foundation

/// The `Retry-After` field (RFC 9110 §10.2.3) in seconds.
enum RetryAfter {
    /// `nil` where it is missing, a date, or nonsense; at most 300 s.
    static func duration(_ field: String?) -> Duration? {
        guard let field, let seconds = Int(field.trimmingCharacters(in: .whitespaces)), seconds >= 0 else { return nil }
        return .seconds(min(seconds, 300))
    }
}
