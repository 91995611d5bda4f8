import Foundation

/// Work that was interrupted, or that waits for the operator.
package struct UnfinishedWork: Codable, Sendable, Equatable {
    /// The work's name, for people.
    package let subject: String
    /// How far it is.
    package let message: String
    /// What finishes or discards it.
    package let action: String

    /// - Parameter begin: When the backup was begun.
    init(backupBegunAt begin: Date) {
        subject = "backup"
        message = "begun at \(Optional(begin).text) and not complete"
        action =
            "Wait for the command that makes it. If that was interrupted, run 'token-broker backup' again; the broker "
            + "discards this one after \(Backups.idleLimit.text) without a request."
    }

    init(_ rotation: UnfinishedRotation) {
        subject = "master key rotation"
        switch rotation {
        case .notBegun(let newFile):
            message = "a new master key is in '\(newFile)', and nothing is sealed under it yet"
            action = "Run 'token-broker master-key rotate', or remove the file."
        case .resealing(let term, let done, let total):
            message = "\(done) of \(total) records are sealed under master key \(term)"
            action =
                "Run 'token-broker master-key rotate'; a running broker also finishes it automatically. Keep both master "
                + "keys until then."
        case .notInPlace(let term, let newFile, let file):
            message =
                "every record is sealed under master key \(term), which is in '\(newFile)'; '\(file)' has another one"
            action = "Replace '\(file)' with '\(newFile)'. The broker needs both until then."
        }
    }
}
