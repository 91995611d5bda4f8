import Broker
import Foundation
import GRDB

extension SealedToken {
    /// The boot clock's side of a start is not stored: it means nothing to another process.
    static func all(in database: Database) throws -> [SealedToken] {
        try Row.fetchAll(database, sql: "SELECT * FROM tokens").map { row in
            let slot = TokenSlot(
                keyID: try KeyID(row["key_id"] as String), keyVersion: row["key_version"],
                scope: try Scope(row["scope"] as String)
            )
            let life = TokenLife(
                start: Moment(wall: Date(millisecondsSince1970: row["minted_at"]), boot: .zero),
                lifetime: .milliseconds(row["lifetime"] as Int64),
                refreshDue: .milliseconds(row["refresh_due"] as Int64)
            )
            return SealedToken(slot: slot, life: life, sealed: Sealed(bytes: Array(row["token"] as Data)))
        }
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
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
