import Broker
import Hummingbird

/// What is known of a request besides itself.
struct ListenerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let connection: Connection

    var peer: Peer { connection.peer }

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        connection = .current
    }
}
