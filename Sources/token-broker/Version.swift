import CVersion

/// What runs.
enum Version {
    static let number = "0.1.0"
    static let commit = String(cString: token_broker_commit())
}
