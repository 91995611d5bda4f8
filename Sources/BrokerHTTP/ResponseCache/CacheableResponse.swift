import Broker
import CoreMetrics
import NIOCore

/// A response that may be cached: the hand-out that it is about, how that is written, and where it is counted.
struct CacheableResponse: Sendable {
    let handOut: RepeatableHandOut
    let client: ClientID
    let handOuts: Counter
    /// Of the route that it is the answer of.
    var duration: Timer?
    let body: @Sendable (HandOut) -> ByteBuffer

    init(
        handOut: RepeatableHandOut, to client: ClientID, handOuts: Counter,
        body: @escaping @Sendable (HandOut) -> ByteBuffer
    ) {
        self.handOut = handOut
        self.client = client
        self.handOuts = handOuts
        self.body = body
    }
}
