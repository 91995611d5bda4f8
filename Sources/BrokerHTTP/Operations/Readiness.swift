package import Broker
import ServiceLifecycle
import Synchronization

/// Whether the broker can serve: its store works and its master key is proven, every listener is bound, and it is not on
/// its way out.
package final class Readiness: Service {
    private struct State {
        var awaited: Set<String>
        var isDraining = false
    }

    private let health: Health
    private let drainDelay: Duration
    /// Guards what is still awaited, and whether we drain.
    private let state: Mutex<State>

    /// - Parameter drainDelay: how long everything goes on after the shutdown was announced.
    package init(awaiting listeners: [ListenAddress], health: Health, drainDelay: Duration) {
        self.health = health
        self.drainDelay = drainDelay
        state = Mutex(State(awaited: Set(listeners.map(\.description))))
    }

    func bound(_ listener: String) {
        _ = state.withLock { $0.awaited.remove(listener) }
    }

    var checks: Checks {
        let (isListening, isDraining) = state.withLock { ($0.awaited.isEmpty, $0.isDraining) }
        return Checks(
            store: health.works(.store), masterKey: health.works(.masterKey), listeners: isListening,
            notDraining: !isDraining
        )
    }

    package var isReady: Bool { checks.allPass }

    /// What keeps the broker from being ready, as `/health/ready` names it.
    package var failedChecks: [String] { checks.failed }

    /// Waits for the shutdown, and says so for as long as it takes those who probe to hear it.
    package func run() async throws {
        try await gracefulShutdown()
        state.withLock { $0.isDraining = true }
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
