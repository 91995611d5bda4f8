/// `key verify`: mints once with the key, whatever is cached; its quarantine ends when that works.
package struct KeyVerification: AdminRequest {
    package let keyID: KeyID

    package init(_ keyID: KeyID) {
        self.keyID = keyID
    }

    package var extent: StoreExtent { .part(keys: [keyID]) }

    package func perform(by administrator: Administrator) async throws -> KeyReport {
        let key = try administrator.key(keyID)
        let token = try await administrator.verify(
            key, remedy: "'token-broker key set-secret \(keyID)' replaces its secret"
        )
        var record = administrator.record(.keyVerified, project: key.project, key: key.id)
        record.token = token.digest
        try await administrator.core.changes.make { [record] in ([], [record]) }
        administrator.adopt(token, of: key)
        return KeyReport(key, administrator)
    }
}
