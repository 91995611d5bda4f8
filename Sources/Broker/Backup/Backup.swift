package import Foundation

/// A copy of the whole store, as one file, that is made while the store goes on.
package protocol Backup: Sendable {
    /// Copies or verifies some more.
    ///
    /// Throws ``OperatorError`` when the copy is not whole.
    func advance() async throws -> BackupProgress

    /// The next bytes of the file, once it is ready; none behind its end.
    func bytes(from offset: Int) async throws -> Data

    /// Returns what the copy has, once it is ready; throws ``OperatorError`` before.
    func contents() async throws -> BackupContents

    /// Removes whatever there is of it.
    func end() async
}

/// What a complete backup has.
package struct BackupContents: Sendable {
    /// The terms of the master keys that open it, in order: two if it was made during a rotation.
    package let masterKeyTerms: [Int]
    /// The last record of its audit log.
    package let auditEnd: AuditPosition

    package init(masterKeyTerms: [Int], auditEnd: AuditPosition) {
        self.masterKeyTerms = masterKeyTerms
        self.auditEnd = auditEnd
    }
}

/// How far a backup is.
package struct BackupProgress: Codable, Sendable, Equatable {
    package enum Phase: String, Codable, Sendable {
        /// Pages are copied.
        case copying
        /// The copy's audit records are verified, all else is.
        case verifying
        /// So many bytes can be read.
        case ready
    }

    package let phase: Phase
    package let done: Int
    package let total: Int

    package init(_ phase: Phase, done: Int, of total: Int) {
        self.phase = phase
        self.done = done
        self.total = total
    }
}
