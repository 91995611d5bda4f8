import ServiceLifecycle
import Synchronization

/// Whether the broker can serve: its store is open and its master key proven (or it would not run), every listener is
/// bound, and it is not on its way out.
package final class Readiness: Service {
    private struct State {
        var awaited: Set<String>
        var isDraining = false
    }

    private let drainDelay: Duration
    /// Guards what is still awaited, and whether we drain.
    private let state: Mutex<State>

    /// - Parameter drainDelay: how long everything goes on after the shutdown was announced.
    package init(awaiting listeners: [ListenAddress], drainDelay: Duration) {
        self.drainDelay = drainDelay
        state = Mutex(State(awaited: Set(listeners.map(\.description))))
    }

    func bound(_ listener: String) {
        _ = state.withLock { $0.awaited.remove(listener) }
    }

    var checks: Checks {
        state.withLock { Checks(listeners: $0.awaited.isEmpty, notDraining: !$0.isDraining) }
    }

    package var isReady: Bool { checks.allPass }

    /// Waits for the shutdown, and says so for as long as it takes those who probe to hear it.
    package func run() async throws {
        try await gracefulShutdown()
        state.withLock { $0.isDraining = true }
        try await Task.sleep(for: drainDelay)
    }

    struct Checks: Encodable {
        let store = true
        let masterKey = true
        let listeners: Bool
        let notDraining: Bool

        var allPass: Bool { listeners && notDraining }
    }
}
