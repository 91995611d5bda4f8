import Synchronization

/// An outcome that many wait for and none of them owns: they may give up, what they wait for goes on.
package final class Future<Value: Sendable>: Sendable {
    private struct State {
        var outcome: Result<Value, any Error>?
        var waiters: [Int: CheckedContinuation<Value, any Error>] = [:]
        var nextWaiter = 0
    }

    /// Guards the outcome and those who wait for it.
    private let state = Mutex(State())

    package init() {}

    /// What came of it, where it is known.
    package var outcome: Result<Value, any Error>? { state.withLock(\.outcome) }

    /// How many wait for it.
    package var waiterCount: Int { state.withLock(\.waiters.count) }

    /// Starts what is waited for, as a task of nobody who waits.
    package convenience init(of work: @escaping @Sendable () async throws -> Value) {
        self.init()
        Task {
            do {
                complete(with: .success(try await work()))
            } catch {
                complete(with: .failure(error))
            }
        }
    }

    /// Gives everybody the outcome.
    package func complete(with outcome: Result<Value, any Error>) {
        let waiters = state.withLock { state in
            state.outcome = outcome
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(with: outcome) }
    }

    /// The outcome, whenever it comes.
    package func value() async throws -> Value {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<Value, any Error>? in
                    if let outcome = state.outcome { return outcome }
                    // Who was cancelled before now is not in anybody's way any more.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[id] = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError())
        }
    }
}
