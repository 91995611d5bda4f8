import Broker
import NIOCore
import Synchronization

/// A response that may be cached: the hand-out that it is about, and how that is written.
struct CacheableResponse: Sendable {
    let handOut: RepeatableHandOut
    let body: @Sendable (HandOut) throws -> ByteBuffer
}

/// Where a route says that the response to one request may be cached.
final class CachePermission: Sendable {
    /// Guards what was said.
    private let response = Mutex<CacheableResponse?>(nil)

    func give(_ response: CacheableResponse) {
        self.response.withLock { $0 = response }
    }

    var given: CacheableResponse? { response.withLock(\.self) }
}
