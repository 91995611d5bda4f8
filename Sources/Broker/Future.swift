import Synchronization

/// An outcome that many wait for and none of them owns: they may give up, what they wait for goes on.
final class Future<Value: Sendable>: Sendable {
    private struct State {
        var outcome: Result<Value, any Error>?
        var waiters: [Int: CheckedContinuation<Value, any Error>] = [:]
        var nextWaiter = 0
    }

    /// Guards the outcome and those who wait for it.
    private let state = Mutex(State())

    init() {}

    /// How many wait for it.
    var waiterCount: Int { state.withLock(\.waiters.count) }

    /// Starts what is waited for, as a task of nobody who waits.
    convenience init(of work: @escaping @Sendable () async throws -> Value) {
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
    func complete(with outcome: Result<Value, any Error>) {
        let waiters = state.withLock { state in
            state.outcome = outcome
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(with: outcome) }
    }

    /// The outcome; throws ``DeadlinePassed`` when it does not come in time.
    func value(by deadline: Deadline, clock: any BrokerClock) async throws -> Value {
        if let outcome = state.withLock(\.outcome) { return try outcome.get() }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await self.value() }
            group.addTask {
                try await clock.timeout(after: deadline.remaining(at: clock.now))
                throw DeadlinePassed()
            }
            defer { group.cancelAll() }
            // There are two, so that there is a next one.
            return try await group.next()!
        }
    }

    /// The outcome, whenever it comes.
    func value() async throws -> Value {
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
