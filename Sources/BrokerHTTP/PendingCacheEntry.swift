import Broker
import NIOCore
import Synchronization

/// A response that may be cached: the hand-out that it is about, and how that is written.
struct CacheableResponse: Sendable {
    let handOut: RepeatableHandOut
    let body: @Sendable (HandOut) throws -> ByteBuffer
}

/// Where a route says that the response which it is about to give may be cached.
///
/// A connection's requests are answered one after the other, so that there is one such place for each connection.
final class PendingCacheEntry: Sendable {
    /// Guards what was put here last.
    private let response = Mutex<CacheableResponse?>(nil)

    func put(_ response: CacheableResponse) {
        self.response.withLock { $0 = response }
    }

    func take() -> CacheableResponse? {
        response.withLock { response in
            defer { response = nil }
            return response
        }
    }
}
