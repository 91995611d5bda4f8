import Broker
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Answers what cannot be answered as it was meant, and writes it down under the request ID that the answer carries.
///
/// Not without bound, lest whoever keeps asking wrongly fills the log: the next line says how many have none.
final class RequestLog: Sendable {
    private struct Lines {
        /// 20 at once, 5 per second.
        private var limit = RateLimit(rate: 5, burst: 20, now: .zero)
        private var omitted = 0

        /// How many were left out since the last one; `nil` where this one is, too.
        mutating func next(at now: Duration) -> Int? {
            guard limit.wait(at: now) <= .zero else {
                omitted += 1
                return nil
            }
            limit.take(at: now)
            defer { omitted = 0 }
            return omitted
        }
    }

    private let listener: String
    private let logger: Logger
    /// Guards the number of lines: for errors of a client, for our own errors, for evicted connections, and for handshakes.
    private let lines = Mutex((refused: Lines(), failed: Lines(), evicted: Lines(), handshakes: Lines()))

    init(of listener: Listener.Kind, logger: Logger) {
        self.listener = listener.rawValue
        self.logger = logger
    }

    /// Notes that a connection was evicted to make room for another.
    ///
    /// - Parameter holder: the Unix user or network that holds the most connections.
    func evicted(_ holder: Peer.Origin) {
        guard let omitted = lines.withLock({ $0.evicted.next(at: Self.now) }) else { return }
        logger.log(
            .connectionEvicted, level: .warning, "too many connections: an idle one was closed to make room",
            metadata(of: holder, omitted: omitted)
        )
    }

    /// Notes that a TLS handshake failed.
    func handshakeFailed(with peer: Peer.Origin, reason: String) {
        guard let omitted = lines.withLock({ $0.handshakes.next(at: Self.now) }) else { return }
        let metadata = metadata(of: peer, omitted: omitted).merging(["reason": "\(reason)"]) { $1 }
        logger.log(.handshakeFailed, level: .info, "a TLS handshake failed", metadata)
    }

    private func metadata(of peer: Peer.Origin, omitted: Int) -> Logger.Metadata {
        let metadata: Logger.Metadata = ["listener": "\(listener)", "peer": "\(peer)"]
        return omitted == 0 ? metadata : metadata.merging(["omitted": .stringConvertible(omitted)]) { $1 }
    }

    private static var now: Duration { .nanoseconds(NIODeadline.now().uptimeNanoseconds) }

    /// - Parameter route: as it is written in the routes; `nil` where it did not come to that.
    func answer(
        to thrown: any Error, _ dialect: ErrorAnswer.Dialect = .http, route: String? = nil,
        as id: RequestID = RequestID()
    ) -> WholeResponse {
        let authorized = thrown as? AuthorizedRequestError
        let error = authorized?.error ?? thrown
        let answer = ErrorAnswer(error, dialect: dialect, requestID: id)
        let now = Self.now
        if let omitted = lines.withLock({ answer.isOurs ? $0.failed.next(at: now) : $0.refused.next(at: now) }) {
            var metadata: Logger.Metadata = [
                "request_id": "\(id)", "listener": "\(listener)", "status": .stringConvertible(answer.status.code),
                "reason": "\(answer.reason)",
            ]
            metadata["route"] = route.map { "\($0)" }
            metadata["client_id"] = authorized.map { "\($0.client)" }
            metadata["project_id"] = authorized?.project.map { "\($0)" }
            if omitted > 0 { metadata["omitted"] = .stringConvertible(omitted) }
            if answer.isOurs {
                logger.log(.requestFailed, level: .error, "a request failed", metadata)
            } else {
                logger.log(.requestRefused, level: .info, "a request was refused", metadata)
            }
        }
        return WholeResponse(answer)
    }
}
