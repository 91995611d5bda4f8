import Broker
import Foundation
import GRDB

extension AccessKey {
    convenience init(row: Row) throws {
        guard let state = State(rawValue: try row.value("state")) else { throw DamagedValue(column: "state") }
        self.init(
            id: try KeyID(row.value("key_id", as: String.self)),
            project: try ProjectID(row.value("project_id", as: String.self)),
            version: try row.value("version"), name: try row.optional("name"),
            tokenEndpoint: try row.optional("token_endpoint").map(TokenEndpointURL.checked),
            scope: try Scope(row.value("scope")), state: state, created: try row.date("created_at"),
            secret: Sealed(bytes: Array(try row.value("secret", as: Data.self))),
            lastMinted: try row.optionalDate("last_minted_at"), lastUsed: try row.optionalDate("last_used_at")
        )
    }

    func insert(into database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO access_keys
                    (key_id, project_id, version, name, token_endpoint, scope, state, created_at, secret)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                id.description, project.description, version, name, tokenEndpoint?.absoluteString, scope.description,
                state.rawValue, created.millisecondsSince1970, Data(secret.bytes),
            ]
        )
    }
}
