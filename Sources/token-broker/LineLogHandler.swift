import Foundation
import Glibc
import Logging

/// How log lines are written.
enum LogFormat: String {
    case json, text

    /// For people on a terminal, for machines anywhere else.
    static var usual: LogFormat { isatty(STDERR_FILENO) == 1 ? .text : .json }
}

/// Writes one line per event to standard error, with one system call: a JSON object, or text for people.
struct LineLogHandler: LogHandler {
    let format: LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields =
            metadata
            .merging(metadataProvider?.get() ?? [:]) { $1 }
            .merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }
        let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let line: String
        switch format {
        case .json:
            let pairs =
                [("time", time), ("level", event.level.rawValue), ("message", "\(event.message)")]
                + fields.map { ($0.key, "\($0.value)") }
            line = "{" + pairs.map { Self.quoted($0) + ":" + Self.quoted($1) }.joined(separator: ",") + "}\n"
        case .text:
            let pairs = fields.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
            line = "\(time) \(event.level.rawValue.uppercased()) \(event.message)\(pairs)\n"
        }
        var bytes = Array(line.utf8)
        _ = write(STDERR_FILENO, &bytes, bytes.count)
    }

    /// A JSON string: whatever is in it, the line stays one line.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                quoted += "\\u" + String(format: "%04x", scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
