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

    func insert(into writer: inout RegistryWriter) throws {
        try writer.insert(
            [
                "key_id": id.description, "project_id": project.description, "version": version, "name": name,
                "token_endpoint": tokenEndpoint?.absoluteString, "scope": scope.description, "state": state.rawValue,
                "created_at": created.millisecondsSince1970, "secret": Data(secret.bytes),
            ],
            into: .accessKeys
        )
    }
}
