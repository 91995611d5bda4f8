/// `backup`: records that all bytes of a backup were written to where it is kept.
package struct BackupCompletion: AdminRequest {
    package struct Reply: Codable, Sendable {
        /// The master keys that open the backup; two if it was made during a rotation.
        package let masterKeyTerms: [Int]
    }

    package let backup: String
    package let bytes: Int
    /// In hexadecimal digits.
    package let sha256: String

    package init(backup: String, bytes: Int, sha256: String) {
        self.backup = backup
        self.bytes = bytes
        self.sha256 = sha256
    }

    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> Reply {
        var record = administrator.record(.databaseBackedUp)
        record.outcome = "\(bytes) bytes, SHA-256 \(sha256)"
        let contents = try await administrator.core.backups.complete(backup, recording: record)
        return Reply(masterKeyTerms: contents.masterKeyTerms)
    }
}
