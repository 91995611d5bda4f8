import Broker

/// What the requests of one connection have in common.
struct Connection: Sendable {
    /// The one that the current request came over.
    @TaskLocal static var current = Connection(peer: Peer(.unknown), cacheEntry: PendingCacheEntry())

    let peer: Peer
    let cacheEntry: PendingCacheEntry
}
