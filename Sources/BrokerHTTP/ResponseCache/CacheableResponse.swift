import Broker
import NIOCore

/// A response that may be cached: the hand-out that it is about, and how that is written.
struct CacheableResponse: Sendable {
    let handOut: RepeatableHandOut
    let body: @Sendable (HandOut) -> ByteBuffer
}
