package import Foundation

/// `backup`: reads some bytes of a backup that is ready; none after its end.
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
        return Reply(bytes: try await administrator.core.backups.backup(backup).bytes(from: offset))
    }
}
