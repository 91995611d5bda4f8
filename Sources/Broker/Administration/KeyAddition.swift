/// `key add`: registers an access key; a project's first is active, later ones stand by.
package struct KeyAddition: AdminRequest {
    package static let name = "key/add"
    package let key: KeyRegistration

    package init(_ key: KeyRegistration) {
        self.key = key
    }

    package func perform(by administrator: Administrator, for actor: Actor) async throws -> KeyReport {
        try await key.register(with: administrator, recording: administrator.record(.keyAdded, by: actor)) { ring in
            (ring.stateOfNext, [])
        }
    }
}
