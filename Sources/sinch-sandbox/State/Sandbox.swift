package import Foundation
import Synchronization

/// What the sandbox knows, and what it answers: keys, tokens, trunks, faults, counters.
package final class Sandbox: Sendable {
    /// Everything that changes.
    struct State {
        var settings: Settings
        var counters = Counters()
        var faults: [Fault] = []
        /// The bucket of the gateway in front of the token endpoint.
        var gateway: TokenBucket
        var keys: [String: AccessKey] = [:]
        /// When the tokens of each deleted key die.
        var deletedKeys: [String: Date] = [:]
        var trunks: [String: [Trunk]] = [:]
        var generation = TokenGeneration()
    }

    /// Guards everything that requests read and change; held for one look or one change, never while waiting.
    let state: Mutex<State>
    let signer = TokenSigner()
    let now: @Sendable () -> Date

    /// A sandbox without keys.
    /// - Parameter now: the only source of time: what expires, refills and dies does so by it
    package init(settings: Settings = Settings(), now: @escaping @Sendable () -> Date) {
        let gateway = TokenBucket(settings: settings, at: now())
        self.state = Mutex(State(settings: settings, gateway: gateway))
        self.now = now
    }
}
