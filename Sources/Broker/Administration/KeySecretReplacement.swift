/// `key set-secret`: replaces the secret of a registered access key, which keeps its state and its token.
package struct KeySecretReplacement: AdminRequest {
    package let keyID: KeyID
    /// In plain text: travels over the admin socket and is sealed on arrival.
    package let secret: String
    /// Whether to mint once with the new secret before it is stored.
    package let verify: Bool

    package init(_ keyID: KeyID, secret: Secret, verify: Bool) {
        self.keyID = keyID
        self.secret = secret.reveal()
        self.verify = verify
    }

    package var extent: StoreExtent { .part(keys: [keyID]) }

    package func perform(by administrator: Administrator) async throws -> KeyReport {
        try KeyRegistration.check(secret: secret)
        let core = administrator.core
        let old = try administrator.key(keyID)
        // Also after a step back of the clock, and within the same millisecond.
        let version = max(KeyRegistration.version(at: core.clock.now.wall), old.version + 1)
        let key = try old.with(newSecret: Secret(secret), version: version, sealer: core.sealer)
        let verified = verify ? try await administrator.verify(key, remedy: KeyRegistration.verificationHint) : nil
        let kept = core.cache.token(in: old.slot(for: old.scope))?.moved(to: key.slot(for: key.scope))
        let new = try NewKey(key, token: verified ?? kept, sealer: core.sealer)
        var record = administrator.record(.keySecretReplaced, project: key.project, key: keyID)
        record.token = verified?.digest
        try await core.changes.make { [record] in
            let current = try administrator.key(keyID)
            guard current.version == old.version else {
                throw OperatorError(
                    .conflict, "key '\(keyID)' was changed by another command",
                    hint: "see 'token-broker key list', and run the command again"
                )
            }
            return ([.removeKey(keyID)] + new.changes(in: current.state), [record])
        }
        if let verified {
            administrator.adopt(verified, of: key)
        } else if let kept {
            core.cache.put(kept)
        }
        core.tokens.forgetFailures(of: old)
        return KeyReport(try administrator.key(keyID), administrator)
    }
}
