import Broker
import Foundation
import GRDB

extension Use.Owner {
    func saveLastUse(_ date: Date, in database: Database) throws {
        let (sql, id): (String, any DatabaseValueConvertible) =
            switch self {
            case .key(let id): ("UPDATE access_keys SET last_used_at = ? WHERE key_id = ?", id.description)
            case .client(let id): ("UPDATE clients SET last_used_at = ? WHERE client_id = ?", id.description)
            case .secret(let verifier):
                ("UPDATE client_secrets SET last_used_at = ? WHERE verifier = ?", Data(verifier.bytes))
            }
        try database.cachedStatement(sql: sql).execute(arguments: [date.millisecondsSince1970, id])
    }
}
