package import Foundation
import Futures
import Synchronization

/// A circuit breaker for each token endpoint: does not send requests to one that keeps failing.
///
/// Five failures in a row open it. While it is open one request at a time probes the endpoint, after 1 s doubling to 10 s
/// ±20 %; the first good answer closes it. It stands before mints only, never between a caller and a token that is there.
///
/// Answers that cannot be used count once per key, until the key works: they may concern that key alone.
package final class MintBreaker: Sendable {
    fileprivate enum State {
        case closed(failures: Int)
        case open(Backoff)
        /// A request finds out whether the endpoint works again.
        case probing(Backoff, result: Future<Void>)
    }

    /// An endpoint that failed and has not answered well since, or whose answers cannot be used for some keys.
    private struct Endpoint {
        var state: State
        /// Invalidated by the first good answer.
        let outage = Validity()
        /// The keys for which the last answer could not be used.
        var garbled: Set<KeyID> = []
        var lastFailure: Moment
    }

    /// How a request went, as far as the breaker cares.
    enum Outcome {
        case succeeded
        case failed
        /// The answer could not be used.
        case garbled
        /// Nothing is known: no request was sent, or it came too often.
        case unknown
    }

    fileprivate static let failures = 5
    /// The maximum size of ``Endpoint/garbled``; unusable answers for further keys count each time.
    private static let mostGarbled = 100
    /// How soon a refresh comes back that found another request probing.
    private static let probe: Duration = .seconds(1)
    /// What is known of an endpoint that nobody asks any more.
    private static let memory: Duration = .seconds(3600)

    private let clock: any BrokerClock
    private let random: @Sendable () -> Double
    /// Guards the endpoints that are failing.
    private let endpoints = Mutex(SweptDictionary<URL, Endpoint>())

    /// - Parameter random: draws from 0..<1.
    package init(clock: any BrokerClock, random: @escaping @Sendable () -> Double) {
        self.clock = clock
        self.random = random
    }

    /// Lets a request through, which then reports its outcome.
    ///
    /// A caller waits for a probe that is running; an operator's verification always goes through.
    /// Throws ``MintFailure/postponed(_:)`` while the breaker is open.
    func admit(_ request: MintRequest) async throws {
        if request.purpose == .verification { return }
        while let probe = try admitNow(request) {
            do {
                try await probe.value(by: request.deadline, clock: clock)
            } catch is DeadlinePassed {
                throw MintFailure.postponed(Self.probe)
            }
        }
    }

    /// - Returns: the result of the probe that is to be waited for, if one is.
    private func admitNow(_ request: MintRequest) throws -> Future<Void>? {
        let now = clock.now
        return try endpoints.withLock { endpoints in
            guard var endpoint = endpoints[request.endpoint] else { return nil }
            switch endpoint.state {
            case .closed:
                return nil
            case .probing(_, let result):
                guard request.isUrgent else { throw MintFailure.postponed(Self.probe) }
                return result
            case .open(let backoff):
                let wait = backoff.remaining(at: now)
                guard wait <= .zero else { throw MintFailure.postponed(wait) }
                endpoint.state = .probing(backoff, result: Future())
                endpoints.set(endpoint, for: request.endpoint) { _ in false }
                return nil
            }
        }
    }

    /// Learns how a request that was let through went.
    func settle(_ url: URL, _ outcome: Outcome, of key: KeyID) {
        let now = clock.now
        let probe = endpoints.withLock { endpoints -> Future<Void>? in
            let before = endpoints[url]
            switch outcome {
            case .succeeded:
                guard let before else { break }
                before.outage.invalidate()
                let garbled = before.garbled.subtracting([key])
                let working = Endpoint(state: .closed(failures: 0), garbled: garbled, lastFailure: before.lastFailure)
                endpoints.set(working, for: url) { now.elapsed(since: $0.lastFailure) > Self.memory }
                if garbled.isEmpty { endpoints.remove(url) }
            case .garbled where before?.garbled.contains(key) == true, .unknown:
                guard var endpoint = before, case .probing(let backoff, _) = endpoint.state else { return nil }
                // The next one probes.
                endpoint.state = .open(backoff)
                endpoints.set(endpoint, for: url) { _ in false }
            case .failed, .garbled:
                var endpoint = before ?? Endpoint(state: .closed(failures: 0), lastFailure: now)
                endpoint.state = endpoint.state.failed(at: now, random: random())
                endpoint.lastFailure = now
                if case .garbled = outcome, endpoint.garbled.count < Self.mostGarbled { endpoint.garbled.insert(key) }
                endpoints.set(endpoint, for: url) { now.elapsed(since: $0.lastFailure) > Self.memory }
            }
            if case .probing(_, let result) = before?.state { return result }
            return nil
        }
        probe?.complete(with: .success(()))
    }

    /// How long until a request may be sent; `nil` when one may be now.
    func wait(of url: URL) -> Duration? {
        let now = clock.now
        return switch endpoints.withLock({ $0[url]?.state }) {
        case .closed, nil: nil
        case .probing: Self.probe
        case .open(let backoff): backoff.remaining(at: now) > .zero ? backoff.remaining(at: now) : nil
        }
    }

    /// Whether the endpoint counts as one that does not work, be it time for a probe or not.
    func isOpen(_ url: URL) -> Bool {
        switch endpoints.withLock({ $0[url]?.state }) {
        case .closed, nil: false
        case .open, .probing: true
        }
    }

    /// What rests on an endpoint's failing; invalid as soon as it has answered well.
    func outage(of url: URL) -> Validity {
        let now = clock.now
        return endpoints.withLock { endpoints in
            let endpoint = endpoints[url] ?? Endpoint(state: .closed(failures: 0), lastFailure: now)
            endpoints.set(endpoint, for: url) { now.elapsed(since: $0.lastFailure) > Self.memory }
            return endpoint.outage
        }
    }

    /// Forgets an endpoint that is not asked any more.
    func forget(_ url: URL) { endpoints.withLock { $0.remove(url) } }

    /// The endpoints whose breaker is open, and how long until the next probe.
    package func open() -> [URL: Duration] {
        let now = clock.now
        return endpoints.withLock(\.values).compactMapValues { endpoint in
            switch endpoint.state {
            case .closed: nil
            case .open(let backoff): max(.zero, backoff.remaining(at: now))
            case .probing: .zero
            }
        }
    }
}

extension MintBreaker.State {
    /// The state after one more failure.
    fileprivate func failed(at now: Moment, random: Double) -> Self {
        switch self {
        case .closed(let failures) where failures + 1 < MintBreaker.failures:
            .closed(failures: failures + 1)
        case .closed:
            .open(Backoff(.failure, at: now, random: random))
        case .probing(let backoff, _):
            .open(Backoff(.failure, after: backoff, at: now, random: random))
        case .open:
            // A request from before it opened.
            self
        }
    }
}
