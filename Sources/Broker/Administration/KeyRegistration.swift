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

    static let verificationHint = "--no-verify stores the secret without minting with it"

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

    /// Verifies the key, then stores it together with the token that it was verified by.
    ///
    /// - Parameter place: the state that the key gets, and the changes to its project's other keys.
    func register(
        with administrator: Administrator, recording record: AuditRecord,
        place: @escaping @Sendable (KeyRing) -> (state: AccessKey.State, others: [Change])
    ) async throws -> KeyReport {
        try checkIsNew(to: administrator)
        let new = try await verified(by: administrator)
        var record = record
        record.project = projectID
        record.key = keyID
        record.token = new.token?.digest
        try await administrator.core.changes.make { [record] in
            try checkIsNew(to: administrator)
            let (state, others) = place(KeyRing(administrator.core.registry.keys(of: projectID)))
            // A record of this ID that cannot be read may be in the way.
            return ([.removeKey(keyID)] + others + new.changes(in: state), [record])
        }
        if let token = new.token { administrator.adopt(token, of: new.key) }
        return KeyReport(try administrator.key(keyID), administrator)
    }

    /// The key, sealed, after one mint with it where it is to be verified.
    func verified(by administrator: Administrator) async throws -> NewKey {
        let key = try sealed(by: administrator)
        guard verify else { return try NewKey(key, token: nil, sealer: administrator.core.sealer) }
        do {
            let token = try await administrator.verify(key, remedy: Self.verificationHint)
            return try NewKey(key, token: token, sealer: administrator.core.sealer)
        } catch {
            // Nobody asks an endpoint again that only this key names.
            administrator.core.failures.forgetUnused(administrator.core.registry.endpoint(of: key))
            throw error
        }
    }

    /// Throws ``OperatorError`` or ``BrokerError/invalidScope`` where no key can be like this.
    package func check() throws {
        try Self.check(secret: secret)
        guard (name?.count ?? 0) <= 128,
            name?.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) ?? true
        else { throw OperatorError(.invalid, "a name has at most 128 characters, and no control characters") }
        _ = try tokenEndpoint.map(TokenEndpointURL.checked)
        _ = try Scope(scope)
    }

    /// Throws ``OperatorError`` if no key can have such a secret.
    static func check(secret: String) throws {
        guard (1...1024).contains(secret.utf8.count), secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw OperatorError(.invalid, "a key secret has 1 to 1024 printable ASCII characters and no spaces")
        }
    }

    /// The version of a key that is registered now.
    ///
    /// It differs from the version of every earlier registration of the same key ID, so that what was sealed or minted for an
    /// earlier one is never taken for this one.
    static func version(at now: Date) -> Int { Int(now.timeIntervalSince1970 * 1000) }

    private func sealed(by administrator: Administrator) throws -> AccessKey {
        try check()
        let endpoint = try tokenEndpoint.map(TokenEndpointURL.checked)
        let created = administrator.core.clock.now.wall
        let version = Self.version(at: created)
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
            hint: known.project == projectID
                ? "to replace its secret: token-broker key set-secret \(keyID)"
                : "to move it to project '\(projectID)', remove it first: token-broker key remove \(keyID)"
        )
    }
}
