import Foundation

/// What went wrong for the operator, and what to do about it.
package struct OperatorError: Error, Codable, Sendable, Equatable {
    package enum Reason: String, Codable, Sendable {
        case invalid
        case notFound = "not_found"
        case conflict
        /// The authorization server refused the key.
        case refused
        /// The broker or the authorization server cannot be reached.
        case unavailable
        /// Another process works on the database.
        case inUse = "in_use"
        case notPermitted = "not_permitted"
        case failed
    }

    package let reason: Reason
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }
}

extension OperatorError {
    /// What a system call said.
    package static func system(_ message: String) -> OperatorError {
        let code = errno
        let isPermission = code == EACCES || code == EPERM
        return OperatorError(
            isPermission ? .notPermitted : .failed, "\(message): \(String(cString: strerror(code)))",
            hint: isPermission ? "run this as the user who owns it; this is user \(geteuid())" : nil
        )
    }
}
