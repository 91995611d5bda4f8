import AsyncHTTPClient
import Broker
package import Logging
import NIOPosix
import Synchronization

/// The HTTP client for token endpoints, which follows changes of the files that it depends on.
package final class UpstreamClient: Sendable {
    private struct State {
        var contents: UpstreamSettings.Contents
        var current: HTTPClient
        /// Clients that may still have requests, and since when no new ones.
        var retired: [(client: HTTPClient, since: ContinuousClock.Instant)] = []
    }

    private let settings: UpstreamSettings
    private let logger: Logger
    /// Guards the client that new requests use, and what it was made of.
    private let state: Mutex<State>

    /// - Throws: ``OperatorError`` if the files cannot be used.
    package init(_ settings: UpstreamSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        let contents = try settings.contents()
        state = Mutex(State(contents: contents, current: try Self.client(settings, contents)))
    }

    private static func client(
        _ settings: UpstreamSettings, _ contents: UpstreamSettings.Contents
    ) throws -> HTTPClient {
        HTTPClient(eventLoopGroupProvider: .singleton, configuration: try settings.configuration(contents))
    }

    /// The client for a request that begins now and ends within ``Deadline/attempt``.
    var current: HTTPClient { state.withLock(\.current) }

    /// Reads the files again. If they cannot be used, the client stays.
    ///
    /// - Returns: whether there was something to log.
    package func reload() async -> Bool {
        guard settings.hasFiles else { return false }
        await shutDownRetired { $0.since.duration(to: .now) > Deadline.attempt }
        do {
            return try await NIOThreadPool.singleton.runIfActive { [self] in
                let contents = try settings.contents()
                guard contents != state.withLock(\.contents) else { return false }
                let next = try Self.client(settings, contents)
                state.withLock { state in
                    state.retired.append((state.current, .now))
                    (state.current, state.contents) = (next, contents)
                }
                logger.log(.certificatesChanged, "the files for token endpoints have changed: new requests use them")
                return true
            }
        } catch {
            logger.log(
                .certificatesUnusable, level: .error,
                "the files for token endpoints have changed and cannot be used: the old contents stay in use",
                ["reason": "\(error.reason)"]
            )
            return true
        }
    }

    /// Ends all connections.
    package func shutdown() async throws {
        await shutDownRetired { _ in true }
        try await current.shutdown()
    }

    private func shutDownRetired(if isOver: (_ retired: (client: HTTPClient, since: ContinuousClock.Instant)) -> Bool)
        async
    {
        let ended = state.withLock { state in
            let ended = state.retired.filter(isOver)
            state.retired.removeAll(where: isOver)
            return ended
        }
        // Their requests have ended, so that no error is anybody's.
        for (client, _) in ended { try? await client.shutdown() }
    }
}
