package import Foundation

/// Some bytes of a backup that is ready; those behind its end are none, and end it.
package struct BackupReading: AdminRequest {
    package struct Reply: Codable, Sendable {
        package let bytes: Data
    }

    package let backup: String
    package let offset: Int

    package init(backup: String, offset: Int) {
        self.backup = backup
        self.offset = offset
    }

    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> Reply {
        guard offset >= 0 else { throw OperatorError(.invalid, "a backup is read from its beginning on") }
        let current = administrator.core.currentBackup
        let bytes = try await current.backup(backup).bytes(from: offset)
        if bytes.isEmpty { await current.end(backup) }
        return Reply(bytes: bytes)
    }
}
