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

    package init(value: Secret, digest: TokenDigest, slot: TokenSlot, life: TokenLife) {
        self.value = value
        self.digest = digest
        self.slot = slot
        self.life = life
    }
}

/// What a token is remembered by. The version makes a token of a replaced key miss.
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

/// A token's life: from the moment its mint was sent to its expiry.
package struct TokenLife: Sendable, Hashable {
    /// When the mint was sent, from which everything counts.
    package let start: Moment
    package let lifetime: Duration
    /// Counted from `start`, drawn once.
    package let refreshDue: Duration

    package init(start: Moment, lifetime: Duration, refreshDue: Duration) {
        self.start = start
        self.lifetime = lifetime
        self.refreshDue = refreshDue
    }

    package enum State: String, Sendable, Codable {
        case fresh
        case refreshDue = "refresh_due"
        case expired
    }

    package func remaining(at now: Moment) -> Duration {
        lifetime - now.elapsed(since: start)
    }

    package func state(at now: Moment) -> State {
        if remaining(at: now) <= .zero { return .expired }
        return now.elapsed(since: start) < refreshDue ? .fresh : .refreshDue
    }

    /// What is left until a refresh is due; never negative.
    package func refreshAfter(at now: Moment) -> Duration {
        max(.zero, refreshDue - now.elapsed(since: start))
    }

    /// Whether what is left is what we promise while the authorization server works.
    package func keepsPromise(at now: Moment) -> Bool {
        remaining(at: now) >= TokenLifetime.promised(of: lifetime)
    }

    /// Whether a client can still use what is left.
    package func isUsable(at now: Moment) -> Bool {
        remaining(at: now) >= min(TokenLifetime.least, lifetime / 2)
    }
}
