import Foundation
import Glibc

/// What people are told while something takes long: only on a terminal, so that scheduled commands are quiet.
enum Progress {
    private static let silence: Duration = .seconds(1)

    private static var isShown: Bool { isatty(STDERR_FILENO) == 1 }

    /// Says how far the command is.
    static func say(_ line: String) {
        if isShown { Console.say(line) }
    }

    /// Says what is waited for, on a terminal, once that has taken a second.
    static func shown<Value: Sendable>(
        _ what: String, during work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard isShown else { return try await work() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try? await Task.sleep(for: silence)
                if !Task.isCancelled { Console.say("\(what) …") }
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }
}
