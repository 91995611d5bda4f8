package import Broker
import ServiceLifecycle
import Synchronization

/// Whether the broker can serve: its store works and its master key is proven, every listener is bound, and it is not on
/// its way out.
package final class Readiness: Service {
    private struct State {
        var awaited: Set<String>
        var drainingSince: ContinuousClock.Instant?
    }

    private let health: Health
    private let drainDelay: Duration
    private let whenListening: @Sendable () -> Void
    /// Guards what is still awaited, and whether we drain.
    private let state: Mutex<State>

    /// - Parameters:
    ///   - drainDelay: how long everything goes on after the shutdown was announced.
    ///   - whenListening: what is done once every listener is bound.
    package init(
        awaiting listeners: [ListenAddress], health: Health, drainDelay: Duration,
        whenListening: @escaping @Sendable () -> Void
    ) {
        self.health = health
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

    package var isReady: Bool { checks.allPass }

    /// What keeps the broker from being ready, as `/health/ready` names it.
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

        var allPass: Bool { failed.isEmpty }

        var failed: [String] {
            [("store", store), ("master_key", masterKey), ("listeners", listeners), ("not_draining", notDraining)]
                .filter { !$0.1 }.map(\.0)
        }
    }
}
