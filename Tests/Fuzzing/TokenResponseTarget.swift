import Broker
import Foundation

@testable import BrokerUpstream

/// What a token endpoint answers: the first byte chooses the status.
struct TokenResponseTarget: FuzzTarget {
    private let statuses: [UInt] = [200, 400, 401, 403, 408, 429, 500, 503]
    private let now = Moment(wall: Date(timeIntervalSince1970: 1_000_000_000), boot: .zero)

    func run(_ input: [UInt8]) {
        guard let first = input.first else { return }
        let status = statuses[Int(first) % statuses.count]
        do {
            let minted = try TokenResponse.token(status: status, retryAfter: nil, body: Data(input.dropFirst()))
            precondition(status == 200)
            let token = minted.value.reveal().utf8
            precondition((1...8192).contains(token.count) && token.allSatisfy { (0x21...0x7E).contains($0) })
            let life = TokenLifetime.accepted(stated: minted.expiresIn, token: minted.value, sentAt: now)
            precondition(life.map { (Duration.zero...TokenLifetime.longest).contains($0) } ?? true)
        } catch {
            precondition(error is MintFailure)
        }
    }
}
