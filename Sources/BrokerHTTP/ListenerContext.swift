import Broker
import Hummingbird

/// What is known of a request besides itself.
struct ListenerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let peer: Peer

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = .current
    }
}
