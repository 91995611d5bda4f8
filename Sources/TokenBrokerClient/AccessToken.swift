/// A token for the APIs of one project.
///
/// Two are equal when they are the same token, however often it was fetched and however long it was said to live.
public struct AccessToken: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// What goes behind `Bearer` in the `Authorization` field.
    public let value: String
    public let project: String
    /// Until when APIs take it, by the clock of this machine.
    public let expiry: ContinuousClock.Instant
    /// The hex of its SHA-256, whose first sixteen digits are what the broker's log and audit log call it.
    public let sha256: String

    public static func == (one: AccessToken, other: AccessToken) -> Bool {
        one.sha256 == other.sha256 && one.project == other.project
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(sha256) }

    /// Its fingerprint, which is no secret.
    public var description: String { "token \(sha256.prefix(16)) of project \(project)" }

    /// Nothing that prints an object's parts gets to see the token.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
