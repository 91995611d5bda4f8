package import Broker
package import Foundation
import Synchronization

/// A token endpoint that answers as it is told, and counts.
package final class StubTokenEndpoint: TokenEndpoint {
    /// One request, as the authorization server sees it.
    package struct Mint: Sendable {
        package let key: KeyID
        package let at: Moment
    }

    private struct State {
        var mints: [Mint] = []
        var forgotten = 0
        var failures: [KeyID: MintFailure] = [:]
        var failureForAll: MintFailure?
        /// How often yet; `nil`: until told otherwise.
        var failuresLeft: Int?
        var expiresIn: Double? = 3599
        var gate: Gate?
    }

    private let clock: any BrokerClock
    /// Guards what was asked and what is answered.
    private let state = Mutex(State())

    package init(clock: any BrokerClock) {
        self.clock = clock
    }

    /// The keys that tokens were asked for with, in order.
    package var mints: [KeyID] { requests.map(\.key) }

    /// The requests, in order.
    package var requests: [Mint] { state.withLock { $0.mints } }

    /// Drops the requests so far, so that a long test does not fill memory.
    package func forget() {
        state.withLock { state in
            state.forgotten += state.mints.count
            state.mints = []
        }
    }

    package func answer(expiresIn: Double?) { state.withLock { $0.expiresIn = expiresIn } }

    /// Fails every mint, or those of one key, until told otherwise.
    package func fail(_ failure: MintFailure?, key: KeyID? = nil) {
        state.withLock { state in
            if let key { state.failures[key] = failure } else { state.failureForAll = failure }
            state.failuresLeft = nil
        }
    }

    /// Fails the next mints.
    package func fail(_ failure: MintFailure, times: Int) {
        state.withLock { state in
            state.failureForAll = failure
            state.failuresLeft = times
        }
    }

    /// Holds every mint back until the gate opens.
    package func hold(by gate: Gate?) { state.withLock { $0.gate = gate } }

    package func mint(
        with key: AccessKey, secret: Secret, at endpoint: URL, scope: Scope
    ) async throws -> MintedToken {
        let now = clock.now
        let (number, gate) = state.withLock { state in
            state.mints.append(Mint(key: key.id, at: now))
            return (state.forgotten + state.mints.count, state.gate)
        }
        await gate?.pass()
        // As a request that is cancelled brings nothing.
        try Task.checkCancellation()
        return try state.withLock { state in
            if let left = state.failuresLeft {
                if left == 0 { state.failureForAll = nil }
                state.failuresLeft = left > 0 ? left - 1 : nil
            }
            if let failure = state.failures[key.id] ?? state.failureForAll { throw failure }
            return MintedToken(value: Secret("token-\(number)-of-\(key.id)"), expiresIn: state.expiresIn)
        }
    }
}

/// Keeps whoever comes waiting until it is opened.
package actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var watchers: [(count: Int, reached: CheckedContinuation<Void, Never>)] = []

    package init() {}

    package func pass() async {
        if isOpen { return }
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            watchers.removeAll { watcher in
                guard watcher.count <= waiting.count else { return false }
                watcher.reached.resume()
                return true
            }
        }
    }

    /// Returns when so many are waiting.
    package func reached(by count: Int) async {
        if waiting.count >= count { return }
        await withCheckedContinuation { watchers.append((count, $0)) }
    }

    package func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}
