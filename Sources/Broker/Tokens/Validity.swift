import Synchronization

/// What a cached thing rests on: a client, a project's keys, a token. It is invalidated once, for good.
package final class Validity: Sendable {
    private let isInvalidated = Atomic(false)

    package init() {}

    package var isValid: Bool { !isInvalidated.load(ordering: .acquiring) }

    package func invalidate() { isInvalidated.store(true, ordering: .releasing) }
}
