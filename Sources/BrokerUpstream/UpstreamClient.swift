import AsyncHTTPClient
import Broker
import Synchronization

/// The HTTP client for token endpoints, which follows changes of the files that it depends on.
package final class UpstreamClient: Sendable {
    private struct State {
        var contents: UpstreamSettings.Contents
        var current: HTTPClient
        /// Clients that may still have requests.
        var retired: [Retired] = []

        struct Retired {
            let client: HTTPClient
            /// Since when it gets no new requests.
            let since: ContinuousClock.Instant
        }
    }

    private let settings: UpstreamSettings
    /// Guards the client that new requests use, and what it was made of.
    private let state: Mutex<State>

    /// - Throws: ``OperatorError`` if the files cannot be used.
    package init(_ settings: UpstreamSettings) throws {
        self.settings = settings
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

    /// Reads the files again, and blocks meanwhile. If they cannot be used, the client stays.
    ///
    /// - Returns: whether they have changed.
    /// - Throws: ``OperatorError`` if the files cannot be used.
    package func reload() throws -> Bool {
        guard settings.hasFiles else { return false }
        let ended = state.withLock { state in
            let isOver = { (retired: State.Retired) in retired.since.duration(to: .now) > Deadline.attempt }
            defer { state.retired.removeAll(where: isOver) }
            return state.retired.filter(isOver)
        }
        for retired in ended { try retired.client.syncShutdown() }
        let contents = try settings.contents()
        guard contents != state.withLock(\.contents) else { return false }
        let next = try Self.client(settings, contents)
        state.withLock { state in
            state.retired.append(State.Retired(client: state.current, since: .now))
            (state.current, state.contents) = (next, contents)
        }
        return true
    }

    /// Ends all connections.
    package func shutdown() async throws {
        let (retired, current) = state.withLock { ($0.retired, $0.current) }
        for client in retired.map(\.client) + [current] { try await client.shutdown() }
    }
}
