import Synchronization

/// Something that an answer rests on: a client, a project's keys, a token. It gives way once, for good.
package final class Ground: Sendable {
    private let isGone = Atomic(false)

    package init() {}

    package var holds: Bool { !isGone.load(ordering: .acquiring) }

    package func giveWay() { isGone.store(true, ordering: .releasing) }
}
