import Broker
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// What signals mean to a broker that serves.
enum Signals {
    /// Runs the services until one of them fails, or SIGTERM or SIGINT asks for a graceful stop.
    ///
    /// A second one of these, at least ``repetition`` after the first, ends the process at once, as the signal itself would
    /// have.
    ///
    /// - Parameters:
    ///   - reloads: what SIGHUP asks for.
    ///   - log: what was logged is written before the process ends, unless nobody reads it.
    static func run(
        _ services: ServiceGroup, onHangup reloads: Reloads, log: LogWriter, logger: Logger
    ) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            tasks.addTask {
                var stopping: ContinuousClock.Instant?
                for await signal in signals {
                    switch (signal, stopping) {
                    case (.sighup, _):
                        await reloads.onHangup()
                    case (_, nil):
                        stopping = .now
                        logger.log(.brokerStopping, "stopping", ["signal": "\(signal)"])
                        await services.triggerGracefulShutdown()
                    case (_, let begin?) where begin.duration(to: .now) < repetition:
                        continue
                    case _:
                        logger.log(
                            .brokerStopped, level: .warning, "stopped at once by a second signal",
                            ["signal": "\(signal)"]
                        )
                        log.flush(timeout: .milliseconds(100))
                        end(with: signal)
                    }
                }
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    /// How soon after the first a signal belongs to the same request: timeout(1) signals the broker and then the broker's
    /// process group.
    private static let repetition: Duration = .milliseconds(500)

    private static func end(with signal: UnixSignal) -> Never {
        _exit(128 + (signal == .sigint ? SIGINT : SIGTERM))
    }
}
