import Broker
import Foundation
import GRDB

extension Change {
    func apply(to database: Database) throws {
        switch self {
        case .putKey(let key): try key.put(in: database)
        case .removeKey(let id):
            try database.execute(sql: "DELETE FROM access_keys WHERE key_id = ?", arguments: [id.description])
        case .putClient(let client): try client.put(in: database)
        case .removeClient(let id):
            try database.execute(sql: "DELETE FROM clients WHERE client_id = ?", arguments: [id.description])
        case .putToken(let token): try token.put(in: database)
        }
    }
}
