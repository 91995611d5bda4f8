package import Broker
package import Foundation

extension AccessKey {
    /// A key with whatever a test does not say.
    package static func test(
        _ id: String = "key-1", project: String = "project-1", name: String? = nil, tokenEndpoint: URL? = nil,
        scope: String = "", state: State = .active, secret: Secret = Secret("secret"),
        sealer: some Sealer = PlainSealer()
    ) throws -> AccessKey {
        let id = try KeyID(id)
        return AccessKey(
            id: id, project: try ProjectID(project), version: 1, name: name, tokenEndpoint: tokenEndpoint,
            scope: try Scope(scope), state: state, created: Date(timeIntervalSince1970: 1_800_000_000),
            secret: try sealer.seal(secret, in: .keySecret(id, version: 1, tokenEndpoint: tokenEndpoint))
        )
    }
}
