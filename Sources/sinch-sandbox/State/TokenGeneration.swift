import Foundation

/// The tokens handed out since everything handed out before was declared expired.
///
/// Tokens carry the number of their generation, so that none of them has to be remembered.
struct TokenGeneration {
    private(set) var number = 1
    private var previousEnded: Date?

    /// Declares all tokens handed out so far expired.
    mutating func end(at now: Date) {
        number += 1
        previousEnded = now
    }

    /// When the token expired or will expire.
    func expiry(of token: TokenClaims, generation: Int) -> Date {
        let expiry = Date(timeIntervalSince1970: TimeInterval(token.expiresAt))
        guard generation < number, let previousEnded else { return expiry }
        return min(expiry, previousEnded)
    }
}
