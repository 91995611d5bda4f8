package import Broker
import ServiceLifecycle
import Synchronization

/// Whether clients are well served here: every listener is bound, the broker is not stopping, and it has tokens to hand out.
///
/// A broker whose database cannot be written still hands out the tokens that it holds. It is ready as long as it holds one,
/// because a probe that takes it out of service takes those tokens away, too.
package final class Readiness: Service {
    private struct State {
        var awaited: Set<String>
        var drainingSince: ContinuousClock.Instant?
    }

    private let health: Health
    private let tokens: TokenCache
    private let drainDelay: Duration
    private let whenListening: @Sendable () -> Void
    /// Guards what is still awaited, and whether we drain.
    private let state: Mutex<State>

    /// - Parameters:
    ///   - drainDelay: how long everything goes on after the shutdown was announced.
    ///   - whenListening: what is done once every listener is bound.
    package init(
        awaiting listeners: [ListenAddress], health: Health, tokens: TokenCache, drainDelay: Duration,
        whenListening: @escaping @Sendable () -> Void
    ) {
        self.health = health
        self.tokens = tokens
        self.drainDelay = drainDelay
        self.whenListening = whenListening
        state = Mutex(State(awaited: Set(listeners.map(\.description))))
    }

    func bound(_ listener: String) {
        let isLast = state.withLock { $0.awaited.remove(listener) != nil && $0.awaited.isEmpty }
        if isLast { whenListening() }
    }

    var checks: Checks {
        let (isListening, isDraining) = state.withLock { ($0.awaited.isEmpty, $0.drainingSince != nil) }
        return Checks(
            store: health.works(.store), masterKey: health.works(.masterKey), listeners: isListening,
            notDraining: !isDraining
        )
    }

    /// When the broker began to stop.
    package var drainingSince: ContinuousClock.Instant? { state.withLock(\.drainingSince) }

    package var isReady: Bool { isReady(by: checks) }

    func isReady(by checks: Checks) -> Bool {
        guard checks.listeners, checks.notDraining else { return false }
        return checks.store && checks.masterKey || tokens.hasUsableToken
    }

    /// The checks that fail, as `/health/ready` names them.
    package var failedChecks: [String] { checks.failed }

    /// Waits for the shutdown, and says so for as long as it takes those who probe to hear it.
    package func run() async throws {
        try await gracefulShutdown()
        state.withLock { $0.drainingSince = .now }
        try await Task.sleep(for: drainDelay)
    }

    struct Checks: Encodable {
        let store: Bool
        let masterKey: Bool
        let listeners: Bool
        let notDraining: Bool

        var failed: [String] {
            [("store", store), ("master_key", masterKey), ("listeners", listeners), ("not_draining", notDraining)]
                .filter { !$0.1 }.map(\.0)
        }
    }
}
