package import Foundation

/// `key rotate`: registers an access key and activates it; the one that was active stands by.
package struct KeyRotation: AdminRequest {
    package let key: KeyRegistration

    package struct Reply: Codable, Sendable {
        package let key: KeyReport
        package let previous: KeyReport?
        /// When the previous key's last token will have expired; then the key may be deleted at Sinch.
        package let previousMayBeDeletedAt: Date?
    }

    package init(_ key: KeyRegistration) {
        self.key = key
    }

    package var extent: StoreExtent { .part(projects: [key.projectID], keys: [key.keyID]) }

    package func perform(by administrator: Administrator) async throws -> Reply {
        let previous = administrator.core.registry.keys(of: key.projectID).first { $0.state == .active }
        let new = try await key.register(with: administrator, recording: administrator.record(.keyRotated)) {
            (.active, $0.demotion)
        }
        let now = administrator.core.clock.now
        let left = previous.flatMap { administrator.core.cache.life(in: $0.slot(for: $0.scope))?.remaining(at: now) }
        return Reply(
            key: new,
            previous: try previous.map { KeyReport(try administrator.key($0.id), administrator) },
            previousMayBeDeletedAt: previous.map { _ in now.advanced(by: max(.zero, left ?? .zero)).wall }
        )
    }
}
