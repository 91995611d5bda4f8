import Foundation
import Synchronization

/// The mints that failed, each of which answers everybody who asks while it is backed off from.
///
/// A failure that is the key's own puts the key in quarantine, for every scope. One that is the endpoint's ends for every
/// key as soon as the endpoint has answered well once.
package final class FailedMints: Sendable {
    private struct Failed {
        let failure: MintFailure
        let backoff: Backoff
        /// Of the key.
        let version: Int
        /// The endpoint's, where it is the endpoint's fault.
        let outage: Validity?

        func remaining(at now: Moment) -> Duration {
            outage?.isValid == false ? .zero : backoff.remaining(at: now)
        }

        /// Whether another failure now would be one more of the same.
        func isRemembered(at now: Moment) -> Bool {
            outage?.isValid != false && !backoff.isForgotten(at: now)
        }
    }

    /// The mints of a project that failed since the last that worked.
    package struct Streak: Sendable {
        package private(set) var count = 0
        package let since: Moment
        package private(set) var last: MintFailure

        fileprivate init(since: Moment, last: MintFailure) {
            self.since = since
            self.last = last
        }

        fileprivate mutating func add(_ failure: MintFailure) {
            count += 1
            last = failure
        }
    }

    private struct State {
        var quarantines = SweptDictionary<KeyID, Failed>()
        var failures = SweptDictionary<TokenSlot, Failed>()
        var streaks: [ProjectID: Streak] = [:]
    }

    private let breaker: MintBreaker
    private let registry: Registry
    private let health: Health
    private let clock: any BrokerClock
    private let random: @Sendable () -> Double
    /// Guards the failures.
    private let state = Mutex(State())

    /// - Parameter random: draws from 0..<1.
    package init(
        breaker: MintBreaker, registry: Registry, health: Health, clock: any BrokerClock,
        random: @escaping @Sendable () -> Double
    ) {
        self.breaker = breaker
        self.registry = registry
        self.health = health
        self.clock = clock
        self.random = random
    }

    /// The failure that answers for a slot now.
    func failure(of slot: TokenSlot) -> MintFailure? { current(of: slot)?.failure }

    /// How long yet.
    func remaining(of slot: TokenSlot) -> Duration? { current(of: slot)?.remaining(at: clock.now) }

    /// Whether a key is not used now because it was refused or its secret could not be opened.
    func isInBackoff(_ key: KeyID, version: Int) -> Bool {
        let now = clock.now
        return state.withLock { $0.quarantines[key] }.map { $0.version == version && $0.remaining(at: now) > .zero }
            ?? false
    }

    /// `nil` when the project's last mint worked.
    package func streak(of project: ProjectID) -> Streak? { state.withLock { $0.streaks[project] } }

    /// Whether the slot's last mint failed with an answer that may concern this slot alone.
    func isRepeated(for slot: TokenSlot) -> Bool {
        let now = clock.now
        return state.withLock { $0.failures[slot] }.map {
            $0.failure.origin == .request && $0.version == slot.keyVersion && $0.isRemembered(at: now)
        } ?? false
    }

    private func current(of slot: TokenSlot) -> Failed? {
        let now = clock.now
        return state.withLock { state in
            let quarantine = state.quarantines[slot.keyID].flatMap { $0.version == slot.keyVersion ? $0 : nil }
            return [quarantine, state.failures[slot]].compactMap(\.self).first { $0.remaining(at: now) > .zero }
        }
    }

    func succeeded(_ request: MintRequest) {
        state.withLock { state in
            state.quarantines.remove(request.key.id)
            state.failures.remove(request.slot)
            state.streaks[request.key.project] = nil
        }
        health.reportWorking(.key(request.key.id, of: request.key.project))
        health.reportWorking(.project(request.key.project))
    }

    func failed(_ request: MintRequest, _ failure: MintFailure) {
        if failure.origin == .broker { return }
        let now = clock.now
        state.withLock { state in
            state.streaks[request.key.project, default: Streak(since: now, last: failure)].add(failure)
            let isQuarantine = failure.origin == .key
            let previous = isQuarantine ? state.quarantines[request.key.id] : state.failures[request.slot]
            let isRepeated = previous.map { $0.version == request.key.version && $0.isRemembered(at: now) } ?? false
            let failed = Failed(
                failure: failure,
                backoff: Backoff(
                    isQuarantine ? .quarantine : .failure, after: isRepeated ? previous?.backoff : nil,
                    atLeast: failure.retryAfter ?? .zero, at: now, random: random()
                ),
                version: request.key.version,
                outage: failure.origin == .endpoint ? breaker.outage(of: request.endpoint) : nil
            )
            if isQuarantine {
                state.quarantines.set(failed, for: request.key.id) { !$0.isRemembered(at: now) }
            } else {
                state.failures.set(failed, for: request.slot) { !$0.isRemembered(at: now) }
            }
        }
        let key = Health.Subject.key(request.key.id, of: request.key.project)
        switch failure.origin {
        case .key:
            health.report(key, is: .quarantined, because: "\(failure)")
            // Another key's token comes first from now on.
            registry.invalidate(request.key.project)
        case .request: health.report(key, is: .failing, because: "\(failure)")
        case .endpoint, .broker: break
        }
    }

    /// Ends the failures of a key that was changed, verified or removed, and of an endpoint that no key names any more.
    func forget(_ key: AccessKey) {
        state.withLock { state in
            state.quarantines.remove(key.id)
            state.failures.remove(key.slot(for: key.scope))
            state.streaks[key.project] = nil
        }
        health.forget(.key(key.id, of: key.project))
        registry.invalidate(key.project)
        forgetUnused(registry.endpoint(of: key))
    }

    /// Forgets the failures of an endpoint that no key names.
    func forgetUnused(_ endpoint: URL) {
        if registry.endpoints.contains(endpoint) { return }
        breaker.forget(endpoint)
        health.forget(.endpoint(endpoint))
        health.forget(.budget(endpoint))
    }
}
