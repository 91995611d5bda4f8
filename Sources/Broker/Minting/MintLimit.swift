import Synchronization

/// Limits the mints that a client can cause although a token is there, or without end.
///
/// - A rejected token is replaced once in 30 s per key. A client causes at most a fifth of the budget this way, and only
///   what callers and refreshes leave.
/// - A client may ask for 16 new scope sets per key, and for as many again within an hour.
package final class MintLimit: Sendable {
    private struct ClientKey: Hashable {
        let client: ClientID
        let key: KeyID
    }

    private struct Limits {
        var replacementsOfKey = RateLimits<KeyID>(rate: 1.0 / 30, burst: 1)
        var replacementsForClient: RateLimits<ClientID>
        var scopes = RateLimits<ClientKey>(rate: 16.0 / 3600, burst: 16)
    }

    private let budget: MintBudget
    private let clock: any BrokerClock
    /// Guards the limits of each key and client.
    private let limits: Mutex<Limits>

    package init(budget: MintBudget, clock: any BrokerClock) {
        self.budget = budget
        self.clock = clock
        limits = Mutex(
            Limits(replacementsForClient: RateLimits(rate: budget.rate / 5, burst: max(1, budget.burst / 2)))
        )
    }

    /// Takes a permit of the budget for a mint that replaces a rejected token.
    ///
    /// - Returns: `nil` if the permit was taken; otherwise the time to wait before asking again.
    func takeForReplacement(with request: MintRequest, for client: ClientID) -> Duration? {
        let now = clock.now.boot
        let key = request.key.id
        return limits.withLock { limits in
            let wait = max(
                limits.replacementsOfKey.wait(for: key, at: now),
                limits.replacementsForClient.wait(for: client, at: now)
            )
            if wait > .zero { return wait }
            if let wait = budget.takeNow(for: .replacement, at: request.endpoint) { return wait }
            limits.replacementsOfKey.take(for: key, at: now)
            limits.replacementsForClient.take(for: client, at: now)
            return nil
        }
    }

    /// Takes a permit for a mint with a scope that no token of the key has.
    ///
    /// - Returns: `nil` if the permit was taken; otherwise the time to wait before asking again.
    func takeForScope(of key: KeyID, for client: ClientID) -> Duration? {
        let now = clock.now.boot
        let subject = ClientKey(client: client, key: key)
        return limits.withLock { limits in
            let wait = limits.scopes.wait(for: subject, at: now)
            if wait > .zero { return wait }
            limits.scopes.take(for: subject, at: now)
            return nil
        }
    }
}
