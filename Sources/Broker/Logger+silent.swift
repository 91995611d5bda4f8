package import Logging

extension Logger {
    /// For frameworks, whose lines say less than ours.
    package static let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
}
