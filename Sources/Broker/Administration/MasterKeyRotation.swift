/// `master-key rotate`: begins to seal everything under another master key, or goes on with it for a while.
///
/// Asked again until nothing is left; whoever asks meanwhile helps.
package struct MasterKeyRotation: AdminRequest {
    /// Whether one is begun where none is unfinished.
    package let begin: Bool
    /// Where the operator says that the new master key is; the broker must know the same.
    package let newMasterKeyFile: String?

    package init(begin: Bool, newMasterKeyFile: String? = nil) {
        self.begin = begin
        self.newMasterKeyFile = newMasterKeyFile
    }

    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> MasterKeyProgress {
        let core = administrator.core
        if begin {
            try await core.store.beginMasterKeyRotation(
                newFile: newMasterKeyFile, recording: administrator.record(.masterKeyRotationBegun)
            )
        }
        return try await administrator.goOn {
            try await core.store.rotateMasterKey(recording: administrator.record(.masterKeyRotated))
        } until: {
            $0.left == 0
        }
    }
}

/// How far everything is sealed under the newest master key.
package struct MasterKeyProgress: Codable, Sendable {
    /// Of the newest master key; they are counted from 1.
    package let term: Int
    /// Records that are sealed.
    package let total: Int
    /// Those of them that are sealed under an earlier master key.
    package let left: Int
    /// Keys whose secrets do not open, and were left as they are.
    package let unreadableKeys: [String]
    /// Where the master key is read from.
    package let masterKeyFile: String
    /// Where the newest one is, as long as that is not the same.
    package let newMasterKeyFile: String?
    /// Where the one before is kept, for backups from its time; `nil` if it is elsewhere or lost.
    package let previousMasterKeyFile: String?
    /// Whether the last of them was done just now.
    package let hasEnded: Bool

    package init(
        term: Int, total: Int, left: Int, unreadableKeys: [String], masterKeyFile: String, newMasterKeyFile: String?,
        previousMasterKeyFile: String?, hasEnded: Bool
    ) {
        self.term = term
        self.total = total
        self.left = left
        self.unreadableKeys = unreadableKeys
        self.masterKeyFile = masterKeyFile
        self.newMasterKeyFile = newMasterKeyFile
        self.previousMasterKeyFile = previousMasterKeyFile
        self.hasEnded = hasEnded
    }
}
