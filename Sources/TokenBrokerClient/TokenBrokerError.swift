/// Why a token broker gave no token.
public struct TokenBrokerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The broker's word for it, as in RFC 6749 §5.2, or `unreachable` where no answer came, or
    /// `unusable_address` where none can come.
    public let code: String
    /// What is wrong, and what to do about it.
    public let description: String
    /// Whether the same request may be answered otherwise in a while.
    public let isRetryable: Bool
    /// What the broker's operator has to do, such as `replace_key`; `nil` where it is nothing.
    public let operatorAction: String?
    /// What the broker's log calls the request.
    public let requestID: String?
    /// How long the broker asks to wait.
    let retryAfter: Duration?
}
