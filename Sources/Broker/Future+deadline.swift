import Futures

extension Future {
    /// The outcome; throws ``DeadlinePassed`` when it does not come in time.
    func value(by deadline: Deadline, clock: any BrokerClock) async throws -> Value {
        if let outcome { return try outcome.get() }
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
}
