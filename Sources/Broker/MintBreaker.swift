package import Foundation
import Synchronization

/// Leaves a token endpoint alone that keeps failing.
///
/// Five failures in a row open the breaker for 30 s ±20 %, doubling to 5 min. Then one request probes: it closes the
/// breaker, or opens it again. It stands before requests only, never between a caller and a token that is there.
package final class MintBreaker: Sendable {
    private enum State {
        case closed(failures: Int)
        /// - Parameter openings: how often in a row.
        case open(since: Moment, lasts: Duration, openings: Int)
        case probing(openings: Int)
    }

    /// How a request went, as far as the breaker cares.
    enum Outcome {
        case worked
        case failed
        /// Nothing is known: no request was sent, or it came too often.
        case unknown
    }

    private static let failures = 5
    private static let shortest: Duration = .seconds(30)
    private static let longest: Duration = .seconds(300)
    /// How soon to come back while somebody else is probing.
    private static let probe: Duration = .seconds(1)

    private let clock: any BrokerClock
    private let chance: @Sendable () -> Double
    /// Guards the state of each endpoint's breaker.
    private let states = Mutex<[URL: State]>([:])

    /// - Parameter chance: draws from 0..<1.
    package init(clock: any BrokerClock, chance: @escaping @Sendable () -> Double) {
        self.clock = clock
        self.chance = chance
    }

    /// Throws ``MintFailure/postponed(_:)`` while the endpoint is left alone.
    func admit(to endpoint: URL) throws {
        let now = clock.now
        try states.withLock { states in
            switch states[endpoint] {
            case .closed, nil:
                break
            case .probing:
                throw MintFailure.postponed(Self.probe)
            case .open(let since, let lasts, let openings):
                let remaining = lasts - now.elapsed(since: since)
                guard remaining <= .zero else { throw MintFailure.postponed(remaining) }
                states[endpoint] = .probing(openings: openings)
            }
        }
    }

    /// Learns how a request that was admitted went.
    func settle(_ endpoint: URL, _ outcome: Outcome) {
        let now = clock.now
        states.withLock { states in
            switch (outcome, states[endpoint]) {
            case (.worked, _):
                states[endpoint] = nil
            case (.failed, nil):
                states[endpoint] = .closed(failures: 1)
            case (.failed, .closed(let failures)) where failures + 1 < Self.failures:
                states[endpoint] = .closed(failures: failures + 1)
            case (.failed, .closed):
                states[endpoint] = open(1, at: now)
            case (.failed, .probing(let openings)):
                states[endpoint] = open(openings + 1, at: now)
            case (.unknown, .probing(let openings)):
                // The next one probes.
                states[endpoint] = .open(since: now, lasts: .zero, openings: openings)
            case (.failed, .open), (.unknown, _):
                break
            }
        }
    }

    /// The endpoints that are left alone, and for how long yet.
    package func open() -> [URL: Duration] {
        let now = clock.now
        return states.withLock { states in
            states.compactMapValues { state in
                switch state {
                case .closed: nil
                case .open(let since, let lasts, _): max(.zero, lasts - now.elapsed(since: since))
                case .probing: .zero
                }
            }
        }
    }

    private func open(_ openings: Int, at now: Moment) -> State {
        let doubled = min(Self.longest, Self.shortest * (1 << min(openings - 1, 10)))
        return .open(since: now, lasts: doubled * (0.8 + 0.4 * chance()), openings: openings)
    }
}

/// A token source that asks another one unless the breaker is open.
package struct BreakingTokenSource: TokenSource {
    private let source: any TokenSource
    private let breaker: MintBreaker

    package init(_ source: any TokenSource, breaker: MintBreaker) {
        self.source = source
        self.breaker = breaker
    }

    package func token(for need: TokenNeed) async throws -> AccessToken {
        let endpoint = need.endpoint
        try breaker.admit(to: endpoint)
        do {
            let token = try await source.token(for: need)
            breaker.settle(endpoint, .worked)
            return token
        } catch {
            breaker.settle(endpoint, (error as? MintFailure)?.breakerOutcome ?? .unknown)
            throw error
        }
    }
}

extension MintFailure {
    fileprivate var breakerOutcome: MintBreaker.Outcome {
        switch self {
        case .unavailable, .garbled: .failed
        // It understood, and said no.
        case .keyRefused, .refused: .worked
        case .throttled, .postponed, .budgetSpent: .unknown
        }
    }
}
