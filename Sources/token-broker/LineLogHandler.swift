import Broker
import BrokerHTTP
import Files
import Foundation
import Glibc
import Logging

/// How log lines are written.
enum LogFormat: String {
    case json, text

    /// For people on a terminal, for machines anywhere else.
    static var usual: LogFormat { isatty(STDERR_FILENO) == 1 ? .text : .json }
}

/// The systemd journal, which reads a line's priority from the line's beginning (sd-daemon(3)).
enum Journal {
    /// Whether standard error leads to the journal (systemd.exec(5), `JOURNAL_STREAM`).
    static var isStandardError: Bool {
        guard let stream = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] else { return false }
        return FileStatus(of: STDERR_FILENO)?.identity.description == stream
    }

    /// A level as the journal has it: a syslog severity (RFC 5424 §6.2.1).
    static func priority(of level: Logger.Level) -> String {
        switch level {
        case .critical: "<2>"
        case .error: "<3>"
        case .warning: "<4>"
        case .notice: "<5>"
        case .info: "<6>"
        case .debug, .trace: "<7>"
        }
    }
}

/// One line per event: a JSON object, or text for people.
struct LineLogHandler: LogHandler {
    let format: LogFormat
    let hasPriority: Bool
    let writer: LogWriter
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        writer.write(Self.line(event.level, "\(event.message)", fields, format: format, hasPriority: hasPriority))
    }

    /// Sends everything that is logged from now on to standard error.
    static func bootstrap(format: LogFormat, level: Logger.Level) -> LogWriter {
        let hasPriority = Journal.isStandardError
        let writer = LogWriter(to: STDERR_FILENO) { dropped in
            let fields: Logger.Metadata = [
                "event": "\(Logger.Event.linesDropped.rawValue)", "lines": .stringConvertible(dropped),
            ]
            let message = "log lines were dropped: nobody read them"
            return line(.warning, message, fields, format: format, hasPriority: hasPriority)
        }
        let requests = Logger.MetadataProvider { RequestID.current.map { ["request_id": "\($0)"] } ?? [:] }
        LoggingSystem.bootstrap(
            { _, provider in
                LineLogHandler(
                    format: format, hasPriority: hasPriority, writer: writer, logLevel: level,
                    metadataProvider: provider
                )
            }, metadataProvider: requests
        )
        return writer
    }

    private static func line(
        _ level: Logger.Level, _ message: String, _ fields: Logger.Metadata, format: LogFormat, hasPriority: Bool
    ) -> String {
        let priority = hasPriority ? Journal.priority(of: level) : ""
        let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        var fields = fields
        let event = fields.removeValue(forKey: "event")
        let rest = fields.sorted { $0.key < $1.key }
        switch format {
        case .json:
            let first: [(String, Logger.MetadataValue)] =
                [("time", "\(time)"), ("level", "\(level)"), ("event", event), ("message", "\(message)")]
                .compactMap { key, value in value.map { (key, $0) } }
            let pairs = (first + rest.map { ($0.key, $0.value) }).map { $0.jsonQuoted + ":" + json($1) }
            return priority + "{" + pairs.joined(separator: ",") + "}\n"
        case .text:
            let pairs = rest.map { " \($0.key)=\(json($0.value))" }.joined()
            return priority + "\(time) \(level.rawValue.uppercased()) \(message.escapingControls)\(pairs)\n"
        }
    }

    /// Numbers and truth values as JSON has them, and everything else as a string.
    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .stringConvertible(let number as any BinaryInteger): "\(number)"
        case .stringConvertible(let truth as Bool): "\(truth)"
        default: "\(value)".jsonQuoted
        }
    }
}
