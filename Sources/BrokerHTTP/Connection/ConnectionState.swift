import Broker
import NIOCore
import NIOHTTP1
import Synchronization

/// Where a connection is: which bytes belong to which request, how many requests are unanswered, and whether it goes on.
///
/// Confined to the connection's event loop. The handlers tell it what comes and goes, and ask it what may be done.
final class ConnectionState {
    /// What has come since the end of the last request.
    private enum Reading {
        case nothing
        /// A head, or the beginning of one.
        case head(since: NIODeadline)
        /// A head and some of its body; counted from the head's first byte.
        case body(since: NIODeadline)
    }

    private enum Phase {
        case open
        /// The answer is this, once the requests before it are answered.
        case refusing(RequestRefusal)
        /// The last answer is out.
        case ended
    }

    private var phase = Phase.open
    private var reading = Reading.nothing
    /// The bytes behind the last request.
    private var received = ByteBuffer()
    /// The length of the request that is being read; `nil` where its body says so itself.
    private var length: Int?
    /// Requests that have been read to their end and are not answered.
    private var unanswered = 0
    /// Whether the newest request is the last.
    private var endsWithNewest = false
    /// Whether the newest request offers to go on with another protocol.
    private var offersUpgrade = false

    /// The connection in the table of all; `nil` if it is in none.
    private let connection: OpenConnection?
    /// Whether the connection is kept for a client that was authenticated on it.
    private var isKept = false
    /// Who is at the other end, as far as that is known.
    private(set) var peer: Peer
    /// Since when the connection is being secured.
    private(set) var handshakeSince: NIODeadline?
    private(set) var drainingSince: NIODeadline?
    private var lastActive: NIODeadline

    /// - Parameters:
    ///   - connection: the connection in the table of all.
    ///   - isSecured: whether a TLS handshake comes first.
    init(
        _ peer: Peer, as connection: OpenConnection? = nil, isSecured: Bool = false, at now: NIODeadline
    ) {
        self.peer = peer
        self.connection = connection
        handshakeSince = isSecured ? now : nil
        lastActive = now
    }

    // MARK: What comes and goes

    /// The connection is secured; the client may have shown certificates.
    func handshakeCompleted(by certificates: (any ShownCertificates)?) {
        peer = Peer(peer.origin, certificates: certificates)
        handshakeSince = nil
    }

    /// Bytes came.
    ///
    /// - Returns: whether they mean anything; behind the last request nothing does.
    func receive(_ bytes: ByteBuffer, at now: NIODeadline) -> Bool {
        guard isReadingOn else { return false }
        lastActive = now
        if case .nothing = reading { reading = .head(since: now) }
        // Where a body says itself how long it is, its end is not looked for here.
        if case .body = reading, length == nil { return true }
        if received.readableBytes == 0 { received = bytes } else { received.writeImmutableBuffer(bytes) }
        return true
    }

    /// A request's head has been read.
    ///
    /// - Returns: why it cannot be a request that everybody on the way reads alike.
    func begin(_ head: HTTPRequestHead) -> RequestRefusal? {
        guard let raw = received.withUnsafeReadableBytes({ RawHead($0) }) else { return .notHTTP }
        length = head.bodyLength.map { raw.length + $0 }
        // What follows a body whose end only the decoder has seen cannot be told from it.
        endsWithNewest = head.endsConnection || length == nil
        offersUpgrade = head.offersUpgrade
        if case .head(let since) = reading { reading = .body(since: since) }
        return nil
    }

    /// Whether what is there comes behind a request that offers to go on with another protocol; says so once.
    func takeOffer() -> Bool {
        if case .body = reading { return false }
        defer { offersUpgrade = false }
        return offersUpgrade
    }

    /// The request has been read to its end.
    ///
    /// - Returns: all of its bytes; none where their number is not known.
    func endRequest(at now: NIODeadline) -> ByteBuffer {
        unanswered += 1
        connection?.awaitsAnswer.store(true, ordering: .relaxed)
        let bytes = length.flatMap { received.readSlice(length: $0) } ?? ByteBuffer()
        if endsWithNewest || received.readableBytes == 0 { received = ByteBuffer() }
        reading = received.readableBytes > 0 ? .head(since: now) : .nothing
        return bytes
    }

    /// The oldest request's answer goes out.
    func answer(at now: NIODeadline) {
        unanswered -= 1
        lastActive = now
        if unanswered == 0 { connection?.awaitsAnswer.store(false, ordering: .relaxed) }
    }

    /// A client was authenticated on the connection.
    func authenticated(_ client: ClientID) {
        if !isKept { isKept = connection?.keep(for: client) ?? true }
    }

    /// A request that is not even read was answered.
    func repeated(at now: NIODeadline) {
        lastActive = now
    }

    /// What is being read cannot be answered but with a refusal, and nothing behind it at all.
    func refuse(_ refusal: RequestRefusal) {
        guard isReadingOn else { return }
        phase = .refusing(refusal)
        reading = .nothing
        received = ByteBuffer()
    }

    /// The last answer is out.
    func end() {
        phase = .ended
        reading = .nothing
        received = ByteBuffer()
    }

    /// The broker is on its way out.
    func drain(at now: NIODeadline) {
        drainingSince = now
    }

    // MARK: What may be done

    /// Whether what comes still means anything.
    var isReadingOn: Bool {
        guard case .open = phase else { return false }
        if case .body = reading { return true }
        return !endsWithNewest
    }

    /// Whether every request that was read is answered.
    var owesNothing: Bool { unanswered == 0 }

    var hasEnded: Bool { if case .ended = phase { true } else { false } }

    /// Whether the next byte begins a request that nobody waits in front of, and that is not the last.
    var isAtBoundary: Bool { unanswered == 0 && received.readableBytes == 0 && goesOn }

    /// Whether the newest request waits for nothing but its own answer, and is not the last.
    var isNextToAnswer: Bool { unanswered == 1 && goesOn }

    /// Whether the next answer is the last one.
    var isNextAnswerLast: Bool {
        guard case .nothing = reading, case .open = phase else { return false }
        return unanswered == 1 && (endsWithNewest || drainingSince != nil)
    }

    /// The refusal that is due: everything before it has been answered.
    var dueRefusal: RequestRefusal? {
        if case .refusing(let refusal) = phase, unanswered == 0 { refusal } else { nil }
    }

    /// Since when nothing is asked for; `nil` while something is.
    var idleSince: NIODeadline? {
        if case .nothing = reading, unanswered == 0 { lastActive } else { nil }
    }

    var headSince: NIODeadline? { if case .head(let since) = reading { since } else { nil } }

    var requestSince: NIODeadline? { if case .body(let since) = reading { since } else { nil } }

    private var goesOn: Bool {
        guard case .open = phase else { return false }
        return !endsWithNewest && drainingSince == nil
    }
}

extension HTTPRequestHead {
    /// `nil` where the body itself says how long it is.
    var bodyLength: Int? {
        if headers.contains(name: "Transfer-Encoding") { return nil }
        return headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
    }
}
