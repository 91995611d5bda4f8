/// A SHA-256 of a token.
package struct TokenDigest: Hashable, Sendable {
    package let hex: String

    package init(hex: String) {
        self.hex = hex
    }

    /// What logs and the audit show instead of the token.
    package var fingerprint: String { String(hex.prefix(16)) }
}

/// What a client gets; opaque to us but for its lifetime.
package struct AccessToken: Sendable {
    package let value: Secret
    package let digest: TokenDigest
    package let slot: TokenSlot
    package let life: TokenLife
    /// Who got it; goes with the token.
    let recipients: Recipients

    package init(value: Secret, digest: TokenDigest, slot: TokenSlot, life: TokenLife) {
        self.init(value: value, digest: digest, slot: slot, life: life, recipients: Recipients())
    }

    private init(value: Secret, digest: TokenDigest, slot: TokenSlot, life: TokenLife, recipients: Recipients) {
        self.value = value
        self.digest = digest
        self.slot = slot
        self.life = life
        self.recipients = recipients
    }

    /// The same token for another version of its key.
    func moved(to slot: TokenSlot) -> AccessToken {
        AccessToken(value: value, digest: digest, slot: slot, life: life, recipients: recipients)
    }
}

/// What a token is found by in the cache. The version makes a token of a replaced key miss.
package struct TokenSlot: Hashable, Sendable {
    package let keyID: KeyID
    package let keyVersion: Int
    package let scope: Scope

    package init(keyID: KeyID, keyVersion: Int, scope: Scope) {
        self.keyID = keyID
        self.keyVersion = keyVersion
        self.scope = scope
    }
}
