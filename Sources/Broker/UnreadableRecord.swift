/// A record of the store that was damaged, or that another version wrote.
package struct UnreadableRecord: Sendable, Equatable {
    /// Its table, and its IDs there.
    package let name: String
    package let reason: String
    /// Where it is a key's that counts as enabled.
    package let enabledKey: KeyID?

    package init(_ name: String, enabledKey: KeyID?, reason: any Error) {
        self.name = name
        self.enabledKey = enabledKey
        self.reason =
            switch reason {
            case let error as OperatorError: error.message
            case BrokerError.invalidRequest(let message): message
            case BrokerError.invalidScope: "its scope has characters that no scope has"
            default: "\(reason)"
            }
    }
}
