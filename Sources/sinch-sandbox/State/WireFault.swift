/// What goes wrong with an answer below HTTP: the request is read, and then this happens on its connection.
///
/// Where bytes of an answer come at all, they hold a token of their own, which a client must never take for one; only
/// the first of two answers is sound. Each fault ends when the peer closes the connection and when the sandbox ends.
package enum WireFault: String, Codable, Sendable, CaseIterable {
    /// Nothing comes.
    case hangBeforeHead = "hang_before_head"
    /// The head and half of the body come, then nothing more.
    case hangInBody = "hang_in_body"
    /// The answer comes by one byte a second from its head on.
    case dripHead = "drip_head"
    /// The head comes at once, the body by one byte a second.
    case dripBody = "drip_body"
    /// The connection is reset before anything comes.
    case resetBeforeHead = "reset_before_head"
    /// The head and half of the body come, then the connection is reset.
    case resetInBody = "reset_in_body"
    /// The head and half of the body come, then the connection ends in order.
    case truncated
    /// The whole body comes, the head announced less of it, and the connection stays.
    case lengthTooShort = "length_too_short"
    /// The whole body comes, the head announced more of it, and the connection ends in order.
    case lengthTooLong = "length_too_long"
    /// The body has no length and no end: it stops after 1 GiB, or when the peer goes.
    case endlessBody = "endless_body"
    /// The body is small, and is 59 MiB to whoever believes its `Content-Encoding`.
    case gzipBomb = "gzip_bomb"
    /// Something comes that is no HTTP.
    case garbage
    /// A second answer, which nobody asked for, comes right behind a sound one.
    case secondAnswer = "second_answer"

    /// The token in the bytes of a broken answer.
    package static let brokenToken = "token-of-a-broken-answer"
    /// The token in the first of two answers.
    package static let firstToken = "token-of-the-first-answer"
    /// The token in the second of two answers.
    package static let secondToken = "token-of-the-second-answer"
}
