/// Waits until a condition holds. The time limit of the stage bounds the wait.
package func until(_ condition: () -> Bool) async throws {
    // Other tasks need a few turns as a rule. One that waits for something else must not cost a processor.
    for _ in 0..<1000 {
        if condition() { return }
        try Task.checkCancellation()
        await Task.yield()
    }
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
}

/// An error of another kind than the one that was due.
package struct Unexpected: Error, CustomStringConvertible {
    package let description: String

    package init(_ error: (any Error)?) {
        description = "not the error that was due: \(error.map { "\($0)" } ?? "none")"
    }
}
