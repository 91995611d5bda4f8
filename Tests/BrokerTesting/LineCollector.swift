package import Logging
import Synchronization

/// Keeps every line that is logged, at every level.
package final class LineCollector: Sendable {
    private let collected = Mutex<[(level: Logger.Level, text: String)]>([])

    package init() {}

    package var lines: [String] { lines(from: .trace) }

    /// The lines of this level and of those above it.
    package func lines(from level: Logger.Level) -> [String] {
        collected.withLock { $0.filter { $0.level >= level }.map(\.text) }
    }

    /// Drops the lines so far, so that a long test does not fill memory.
    package func forget() { collected.withLock { $0 = [] } }

    package var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(collector: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let collector: LineCollector
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = "\(event.message) \(metadata) \(event.metadata ?? [:]) \(event.error.map { "\($0)" } ?? "")"
            collector.collected.withLock { $0.append((event.level, line)) }
        }
    }
}
