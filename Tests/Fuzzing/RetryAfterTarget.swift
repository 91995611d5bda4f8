import Foundation

@testable import BrokerUpstream

/// The `Retry-After` field.
struct RetryAfterTarget: FuzzTarget {
    private let now = Date(timeIntervalSince1970: 1_000_000_000)

    func run(_ input: [UInt8]) {
        guard let wait = RetryAfter.duration(String(decoding: input, as: UTF8.self), now: now) else { return }
        precondition(wait >= .zero && wait <= .seconds(300))
    }
}
