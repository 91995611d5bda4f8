import Foundation

/// What the broker keeps over a restart.
///
/// Reading happens once, at the start: handing out a token never reads the store.
package protocol Store: Sendable {
    func contents() async throws -> StoreContents

    /// Makes the changes and appends the record, all or nothing; durable when it returns.
    func commit(_ changes: [Change], recording record: AuditRecord) async throws

    /// Appends a record, in one transaction with others that come at the same time; durable when it returns.
    ///
    /// A first hand-out of a token to a client that stands there already is not recorded twice.
    func record(_ record: AuditRecord) async throws

    /// The newest records, newest first.
    func auditLog(limit: Int) async throws -> [AuditEntry]
}

package struct StoreContents: Sendable {
    package var keys: [AccessKey]
    package var clients: [Client]
    package var tokens: [SealedToken]

    package init(keys: [AccessKey], clients: [Client], tokens: [SealedToken]) {
        self.keys = keys
        self.clients = clients
        self.tokens = tokens
    }
}

/// One thing that changes in the store.
package enum Change: Sendable {
    case putKey(AccessKey)
    /// Removes the key and its tokens.
    case removeKey(KeyID)
    case putClient(Client)
    case removeClient(ClientID)
    case putToken(SealedToken)
}

/// A token at rest.
package struct SealedToken: Sendable {
    package let slot: TokenSlot
    package let life: TokenLife
    package let sealed: Sealed

    package init(slot: TokenSlot, life: TokenLife, sealed: Sealed) {
        self.slot = slot
        self.life = life
        self.sealed = sealed
    }

    init(_ token: AccessToken, sealer: any Sealer) throws {
        self.init(
            slot: token.slot, life: token.life, sealed: try sealer.seal(token.value, in: .token(token.slot))
        )
    }

    /// The token as this process knows it: an earlier one's boot clock means nothing to it.
    ///
    /// `nil` when the token has expired, or when the wall clock stands before the mint: it was set back, nobody knows
    /// how far, and the token may have expired.
    func resumed(at now: Moment) -> SealedToken? {
        let age = now.wall.timeIntervalSince(life.start.wall)
        let start = Moment(wall: life.start.wall, boot: now.boot - .seconds(age))
        let life = TokenLife(start: start, lifetime: life.lifetime, refreshDue: life.refreshDue)
        guard age >= 0, life.remaining(at: now) > .zero else { return nil }
        return SealedToken(slot: slot, life: life, sealed: sealed)
    }

    func opened(by sealer: any Sealer) throws -> AccessToken {
        let value = try sealer.open(sealed, from: .token(slot))
        return AccessToken(value: value, digest: sealer.digest(of: value), slot: slot, life: life)
    }
}
