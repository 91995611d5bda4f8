/// A secret string that cannot print itself.
///
/// Not `Codable`, not interpolatable, opaque to reflection: a key secret, a client secret or an access token stays out
/// of logs and errors because there is no way to put it there by accident.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    package init(_ value: String) {
        self.value = value
    }

    /// The secret itself. Every use of this word is a place to review.
    package func reveal() -> String { value }

    package var description: String { "<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
