import Synchronization

extension Sandbox {
    package var counters: Counters {
        state.withLock { $0.counters }
    }

    func countAuthorization(at listener: Scheme) {
        state.withLock { state in
            switch listener {
            case .http: state.counters.authorizationSeen.http += 1
            case .https: state.counters.authorizationSeen.https += 1
            }
        }
    }

    package func resetCounters() {
        state.withLock { $0.counters = Counters() }
    }

    package var settings: Settings {
        state.withLock { $0.settings }
    }

    /// Changes settings; a bucket whose capacity or refill changes is full again.
    package func changeSettings(_ change: (inout Settings) -> Void) {
        state.withLock { state in
            let old = state.settings
            change(&state.settings)
            let new = state.settings
            if (old.bucketCapacity, old.bucketRefillPerSecond) != (new.bucketCapacity, new.bucketRefillPerSecond) {
                state.gateway = TokenBucket(settings: new, at: now())
            }
        }
    }

    /// What goes wrong with the next token requests, in this order.
    package var faults: [Fault] {
        state.withLock { $0.faults }
    }

    /// Sets what goes wrong from now on, instead of what was to go wrong before.
    package func setFaults(_ faults: [Fault]) {
        state.withLock { $0.faults = faults }
    }
}
