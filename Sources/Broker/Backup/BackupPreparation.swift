/// `backup`: begins a copy of the store, or goes on with it for a while. Asked again until it is ready.
package struct BackupPreparation: AdminRequest {
    package struct Reply: Codable, Sendable {
        package let backup: String
        package let progress: BackupProgress
    }

    /// As the reply called it; another is begun where there is none.
    package let backup: String?

    package init(backup: String? = nil) {
        self.backup = backup
    }

    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> Reply {
        let backups = administrator.core.backups
        let id = if let backup { backup } else { try await begin(by: administrator) }
        do {
            let backup = try await backups.backup(id)
            let progress = try await administrator.goOn {
                try await backup.advance()
            } until: {
                $0.phase == .ready
            }
            return Reply(backup: id, progress: progress)
        } catch {
            await backups.end(id)
            throw error
        }
    }

    /// With its record in it.
    private func begin(by administrator: Administrator) async throws -> String {
        try await administrator.core.store.recordBackup(administrator.record(.databaseBackupBegun))
        return try await administrator.core.backups.begin()
    }
}
