import Broker
import Foundation
import GRDB

extension AccessKey {
    static func all(in database: Database) throws -> [AccessKey] {
        try Row.fetchAll(database, sql: "SELECT * FROM access_keys").map { row in
            guard let state = State(rawValue: row["state"]) else {
                throw OperatorError(
                    .failed, "the database's record of key '\(row["key_id"] as String)' is damaged",
                    hint: "restore the database from a backup"
                )
            }
            return AccessKey(
                id: try KeyID(row["key_id"] as String), project: try ProjectID(row["project_id"] as String),
                version: row["version"], name: row["name"],
                tokenEndpoint: try (row["token_endpoint"] as String?).map(TokenEndpointURL.checked),
                scope: try Scope(row["scope"] as String), state: state,
                created: Date(millisecondsSince1970: row["created_at"]),
                secret: Sealed(bytes: Array(row["secret"] as Data))
            )
        }
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
