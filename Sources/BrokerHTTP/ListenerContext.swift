import Broker
import Hummingbird
import Logging

/// What is known of a request besides itself.
struct ListenerContext: RequestContext {
    struct Source: RequestContextSource {
        let peer: Peer
        let logger: Logger
    }

    var coreContext: CoreRequestContextStorage
    let peer: Peer
    let cachePermission = CachePermission()

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.peer
    }
}
