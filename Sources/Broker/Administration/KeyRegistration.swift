import Foundation

/// An access key that is to be registered.
package struct KeyRegistration: Codable, Sendable {
    package let projectID: ProjectID
    package let keyID: KeyID
    package let name: String?
    /// In plain text: travels over the admin socket and is sealed on arrival.
    package let secret: String
    package let tokenEndpoint: String?
    package let scope: String
    /// Whether to mint once with the key before it is stored.
    package let verify: Bool

    package init(
        projectID: ProjectID, keyID: KeyID, name: String?, secret: Secret, tokenEndpoint: String?, scope: String,
        verify: Bool
    ) {
        self.projectID = projectID
        self.keyID = keyID
        self.name = name
        self.secret = secret.reveal()
        self.tokenEndpoint = tokenEndpoint
        self.scope = scope
        self.verify = verify
    }

    /// Verifies the key by minting, then stores it together with the token: that is kept, not wasted.
    ///
    /// - Parameter place: the state that the key gets, and the changes to its project's other keys.
    func register(
        with administrator: Administrator, recording record: AuditRecord,
        place: @escaping @Sendable (KeyRing) -> (state: AccessKey.State, others: [Change])
    ) async throws -> KeyReport {
        try checkIsNew(to: administrator)
        let key = try sealed(by: administrator)
        let token = verify ? try await verified(key, by: administrator) : nil
        var record = record
        record.project = key.project
        record.key = key.id
        record.token = token?.digest
        let stored = try token.map { try [Change.putToken(SealedToken($0, sealer: administrator.core.sealer))] } ?? []
        try await administrator.core.changes.make { [record] in
            try checkIsNew(to: administrator)
            let (state, others) = place(KeyRing(administrator.core.registry.keys(of: key.project)))
            // A record of this ID that cannot be read may be in the way.
            return ([.removeKey(key.id)] + others + [.addKey(key.with(state: state))] + stored, record)
        }
        if let token { administrator.adopt(token, of: key) }
        return KeyReport(try administrator.key(key.id), administrator)
    }

    private func verified(_ key: AccessKey, by administrator: Administrator) async throws -> AccessToken {
        do {
            return try await administrator.verify(key)
        } catch {
            // Nobody asks an endpoint again that only this key names.
            administrator.core.failures.forget(key)
            throw error
        }
    }

    private func sealed(by administrator: Administrator) throws -> AccessKey {
        guard (1...1024).contains(secret.utf8.count), secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw OperatorError(.invalid, "a key secret has 1 to 1024 printable ASCII characters and no spaces")
        }
        guard (name?.count ?? 0) <= 128,
            name?.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) ?? true
        else { throw OperatorError(.invalid, "a name has at most 128 characters, and no control characters") }
        let endpoint = try tokenEndpoint.map { try TokenEndpointURL.checked($0) }
        let created = administrator.core.clock.now.wall
        // Differs from any earlier registration's, so that what was sealed or minted for that is never taken for this.
        let version = Int(created.timeIntervalSince1970 * 1000)
        return AccessKey(
            id: keyID, project: projectID, version: version, name: name, tokenEndpoint: endpoint,
            scope: try Scope(scope), state: .standby, created: created,
            secret: try administrator.core.sealer.seal(
                Secret(secret), in: .keySecret(keyID, version: version, tokenEndpoint: endpoint)
            )
        )
    }

    private func checkIsNew(to administrator: Administrator) throws {
        guard let known = administrator.core.registry.key(keyID) else { return }
        throw OperatorError(
            .conflict, "key '\(keyID)' is registered already, for project '\(known.project)'",
            hint: "to register it anew, remove it first: token-broker key remove \(keyID)"
        )
    }
}
