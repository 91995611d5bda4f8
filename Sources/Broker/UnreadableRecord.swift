/// A record of the store that was damaged, or that another version wrote.
package struct UnreadableRecord: Sendable, Equatable {
    /// Its table, and its IDs there.
    package let name: String
    package let reason: String
    /// The key whose record this is.
    package let key: KeyID?
    /// Whether the record is a key's that is not disabled.
    package let isEnabled: Bool
    /// The client whose record this is.
    package let client: ClientID?

    package init(_ name: String, key: KeyID? = nil, isEnabled: Bool = false, client: ClientID? = nil, reason: any Error)
    {
        self.name = name
        self.key = key
        self.isEnabled = isEnabled
        self.client = client
        self.reason =
            switch reason {
            case let error as OperatorError: error.message
            case BrokerError.invalidRequest(let message): message
            case BrokerError.invalidScope: "its scope has characters that no scope has"
            default: "\(reason)"
            }
    }
}
