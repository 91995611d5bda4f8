import Synchronization

/// Limits how often something happens because of each subject, and in all.
///
/// The limit in all is for those who appear as many subjects.
final class FairLimit<Subject: Hashable & Sendable>: Sendable {
    private struct State {
        var ofSubjects: [Subject: RateLimit] = [:]
        var inAll: RateLimit
    }

    private let rate: Double
    private let burst: Int
    private let mostSubjects = 4096
    private let clock: any BrokerClock
    /// Guards the limits.
    private let state: Mutex<State>

    /// - Parameters:
    ///   - rate: Times per second, for each subject; ten times as many in all.
    ///   - burst: Times at once, for each subject; ten times as many in all.
    init(rate: Double, burst: Int, clock: any BrokerClock) {
        (self.rate, self.burst, self.clock) = (rate, burst, clock)
        state = Mutex(State(inAll: RateLimit(rate: 10 * rate, burst: 10 * burst, now: clock.now.boot)))
    }

    /// Takes a permit of both limits, or none.
    func take(_ subject: Subject) -> Bool {
        let now = clock.now.boot
        return state.withLock { state in
            // More subjects than this are held back by the limit in all.
            if state.ofSubjects.count >= mostSubjects { state.ofSubjects.removeAll() }
            var ofSubject = state.ofSubjects[subject] ?? RateLimit(rate: rate, burst: burst, now: now)
            guard ofSubject.wait(at: now) <= .zero, state.inAll.wait(at: now) <= .zero else { return false }
            ofSubject.take(at: now)
            state.inAll.take(at: now)
            state.ofSubjects[subject] = ofSubject
            return true
        }
    }
}
