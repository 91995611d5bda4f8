/// `key verify`: mints once with the key, whatever is cached; its quarantine ends when that works.
package struct KeyVerification: AdminRequest {
    package static let name = "key/verify"
    package let keyID: KeyID

    package init(_ keyID: KeyID) {
        self.keyID = keyID
    }

    package func perform(by administrator: Administrator, for actor: Actor) async throws -> KeyReport {
        let key = try administrator.key(keyID)
        let token = try await administrator.verify(key)
        var record = administrator.record(.keyVerified, by: actor, project: key.project, key: key.id)
        record.token = token.digest
        try await administrator.change { [record] in ([], record) }
        administrator.adopt(token, of: key)
        return KeyReport(key, administrator)
    }
}
