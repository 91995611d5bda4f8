import Broker

/// What somebody who asks for a token gets, as far as the error table tells answers apart.
enum MintOutcome: Sendable, Hashable {
    case token(seconds: Int)
    /// 503.
    case unavailable
    /// 429.
    case throttled
    /// 502.
    case everyKeyRefused
    case unforeseen(String)

    init(_ result: Result<AccessToken, any Error>) {
        switch result {
        case .success(let token): self = .token(seconds: Int(token.life.lifetime / .seconds(1)))
        case .failure(BrokerError.mintUnavailable): self = .unavailable
        case .failure(BrokerError.mintThrottled): self = .throttled
        case .failure(BrokerError.everyKeyRefused): self = .everyKeyRefused
        case .failure(let error): self = .unforeseen("\(error)")
        }
    }
}
