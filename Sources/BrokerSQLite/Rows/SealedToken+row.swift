import Broker
import Foundation
import GRDB

extension SealedToken {
    /// The boot clock's side of a start is not stored: it means nothing to another process.
    init(row: Row) throws {
        self.init(
            slot: TokenSlot(
                keyID: try KeyID(row.value("key_id", as: String.self)), keyVersion: try row.value("key_version"),
                scope: try Scope(row.value("scope"))
            ),
            life: TokenLife(
                start: Moment(wall: try row.date("minted_at"), boot: .zero),
                lifetime: .milliseconds(try row.value("lifetime", as: Int64.self)),
                refreshDue: .milliseconds(try row.value("refresh_due", as: Int64.self))
            ),
            sealed: Sealed(bytes: Array(try row.value("token", as: Data.self)))
        )
    }

    /// Does nothing when the key was removed, or replaced, while the token was minted.
    func put(in database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO tokens
                    (key_id, key_version, scope, minted_at, lifetime, refresh_due, token)
                SELECT key_id, version, ?3, ?4, ?5, ?6, ?7 FROM access_keys WHERE key_id = ?1 AND version = ?2
                """,
            arguments: [
                slot.keyID.description, slot.keyVersion, slot.scope.description,
                life.start.wall.millisecondsSince1970, life.lifetime.milliseconds, life.refreshDue.milliseconds,
                Data(sealed.bytes),
            ]
        )
        try database.execute(
            sql: "UPDATE access_keys SET last_minted_at = ? WHERE key_id = ? AND version = ?",
            arguments: [life.start.wall.millisecondsSince1970, slot.keyID.description, slot.keyVersion]
        )
    }

    static func remove(expiredBefore date: Date, from database: Database) throws {
        try database.execute(
            sql: "DELETE FROM tokens WHERE minted_at + lifetime <= ?", arguments: [date.millisecondsSince1970]
        )
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
