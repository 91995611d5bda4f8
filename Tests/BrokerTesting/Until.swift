/// Lets everything else go on until a condition holds; the suite's time limit is its bound.
package func until(_ condition: () -> Bool) async throws {
    while !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}

/// An error of another kind than the one that was due.
package struct Unexpected: Error, CustomStringConvertible {
    package let description: String

    package init(_ error: (any Error)?) {
        description = "not the error that was due: \(error.map { "\($0)" } ?? "none")"
    }
}
