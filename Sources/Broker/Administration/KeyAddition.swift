/// `key add`: registers an access key; a project's first is active, later ones stand by.
package struct KeyAddition: AdminRequest {
    package let key: KeyRegistration

    package init(_ key: KeyRegistration) {
        self.key = key
    }

    package var extent: StoreExtent { .part(projects: [key.projectID], keys: [key.keyID]) }

    package func perform(by administrator: Administrator) async throws -> KeyReport {
        try await key.register(with: administrator, recording: administrator.record(.keyAdded)) { ring in
            (ring.stateOfNext, [])
        }
    }
}
