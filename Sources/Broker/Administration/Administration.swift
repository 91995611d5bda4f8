/// What an operator can ask of the broker.
///
/// One protocol with two sides: ``Administrator`` does it, the admin socket's client has it done by a running broker.
package protocol Administration: Sendable {
    /// Throws ``OperatorError`` where the request cannot be done.
    func perform<Request: AdminRequest>(_ request: Request) async throws -> Request.Reply
}

/// One kind of request, and its reply.
package protocol AdminRequest: Codable, Sendable {
    associatedtype Reply: Codable & Sendable

    /// What must be known of the store to do it.
    var extent: StoreExtent { get }

    /// How long whoever asks waits for it.
    var timeout: Duration { get }

    func perform(by administrator: Administrator) async throws -> Reply
}

extension AdminRequest {
    package var timeout: Duration { .seconds(30) }
}
