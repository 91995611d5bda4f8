/// A project's tokens, whichever of its keys they are minted with.
///
/// The active key comes first. A key in quarantine is passed over for the next one; a token of any enabled key is as good
/// as another as long as it keeps the promise.
package struct ProjectTokens: Sendable {
    let cache: TokenCache
    private let queue: RefreshQueue
    let flights: MintFlights
    let failures: FailedMints
    let registry: Registry
    let mints: MintLimit
    let health: Health
    let clock: any BrokerClock

    package init(
        _ cache: TokenCache, queue: RefreshQueue, flights: MintFlights, failures: FailedMints, registry: Registry,
        budget: MintBudget, health: Health, clock: any BrokerClock
    ) {
        self.cache = cache
        self.queue = queue
        self.flights = flights
        self.failures = failures
        self.registry = registry
        self.health = health
        self.clock = clock
        mints = MintLimit(budget: budget, clock: clock)
    }

    /// A token of the project with the life that was promised and the life that was asked for, for a client that may
    /// have it.
    ///
    /// Throws ``BrokerError``; ``DeadlinePassed`` when keys were disabled or replaced for as long as that.
    package func token(
        of project: ProjectID, scope: Scope?, minimumLife: Duration, to client: ClientID, by deadline: Deadline
    ) async throws -> AccessToken {
        repeat {
            let keys = try keys(of: project, scope: scope)
            let token: AccessToken
            do {
                if let held = try held(by: keys, scope: scope, minimumLife: minimumLife) {
                    token = held
                } else {
                    token = try await mint(
                        with: keys, scope: scope, minimumLife: minimumLife, to: client, by: deadline
                    )
                }
            } catch let error where error is MintFailure || error is DeadlinePassed {
                token = try leftOver(of: project, scope: scope, minimumLife: minimumLife, after: error)
            }
            // The key may have been disabled or replaced while we waited: then its token is nobody's any more.
            guard registry.isEnabled(token.slot) else { continue }
            try check(minimumLife, against: token.life)
            queue.want(token.slot, at: clock.now)
            return token
        } while deadline.remaining(at: clock.now) > .zero
        throw DeadlinePassed()
    }

    /// The life of the token that is handed out next, where one is there; no demand.
    package func life(of project: ProjectID) -> TokenLife? {
        let now = clock.now
        let lives = registry.enabledKeys(of: project).compactMap { cache.life(in: slot(of: $0, scope: nil)) }
        return lives.first { $0.keepsPromise(at: now) } ?? lives.first
    }

    /// Forgets the failures of a key that was changed, and its tokens where it was removed or replaced.
    func forgetFailures(of key: AccessKey) {
        failures.forget(key)
        if registry.enabledKeys(of: key.project).isEmpty { health.forget(.project(key.project)) }
        let slot = slot(of: key, scope: nil)
        if !registry.has(slot) { cache.remove(slot) }
    }

    /// What responses with a token rest on; `nil` when the next one may be with another token.
    func validity(of token: AccessToken) -> Validity? { cache.validity(of: token) }

    func keys(of project: ProjectID, scope: Scope?) throws -> [AccessKey] {
        let enabled = registry.enabledKeys(of: project)
        guard !enabled.isEmpty else {
            throw registry.has(project) ? BrokerError.everyKeyDisabled : .noKey
        }
        guard let scope else { return enabled }
        let able = enabled.filter { scope.isSubset(of: $0.scope) }
        guard !able.isEmpty else { throw BrokerError.invalidScope }
        return able
    }

    func slot(of key: AccessKey, scope: Scope?) -> TokenSlot {
        key.slot(for: scope ?? key.scope)
    }

    func isInBackoff(_ key: AccessKey) -> Bool {
        failures.isInBackoff(key.id, version: key.version)
    }

    func request(_ key: AccessKey, scope: Scope?, for purpose: MintRequest.Purpose) -> MintRequest {
        MintRequest(
            key: key, endpoint: registry.endpoint(of: key), scope: scope ?? key.scope, purpose: purpose,
            deadline: Deadline(after: Deadline.mint, from: clock.now)
        )
    }

    private func held(by keys: [AccessKey], scope: Scope?, minimumLife: Duration) throws -> AccessToken? {
        guard let token = firstHeld(by: keys, scope: scope) else { return nil }
        try check(minimumLife, against: token.life)
        return token.life.remaining(at: clock.now) >= minimumLife ? token : nil
    }

    /// The first key's token that keeps the promise. A token of a key in quarantine does not: with its key deleted at
    /// Sinch it is dead within a minute, whatever life it was given.
    func firstHeld(by keys: [AccessKey], scope: Scope?) -> AccessToken? {
        let now = clock.now
        return keys.lazy.filter { !isInBackoff($0) }
            .compactMap { cache.token(in: slot(of: $0, scope: scope)) }
            .first { $0.life.keepsPromise(at: now) }
    }

    private func mint(
        with keys: [AccessKey], scope: Scope?, minimumLife: Duration, to client: ClientID, by deadline: Deadline
    ) async throws -> AccessToken {
        var refusal = MintFailure.keyRefused
        for key in keys {
            do {
                let request = request(key, scope: scope, for: .caller)
                return try await flights.token(for: request, to: client, by: deadline) { token in
                    let now = clock.now
                    return token.life.keepsPromise(at: now) && token.life.remaining(at: now) >= minimumLife
                } permit: {
                    let isNew = request.scope != key.scope && cache.life(in: request.slot) == nil
                    return isNew ? mints.takeForScope(of: key.id, for: client) : nil
                }
            } catch let failure as MintFailure where failure.origin == .key {
                refusal = failure
            }
        }
        throw refusal
    }

    /// Whatever is left is better than nothing, unless more was asked for.
    private func leftOver(
        of project: ProjectID, scope: Scope?, minimumLife: Duration, after error: any Error
    ) throws -> AccessToken {
        let now = clock.now
        let keys = try keys(of: project, scope: scope)
        let token = keys.lazy.compactMap { cache.token(in: slot(of: $0, scope: scope)) }.first {
            $0.life.isUsable(at: now) && $0.life.remaining(at: now) >= minimumLife
        }
        switch error {
        case is DeadlinePassed, MintFailure.budgetSpent, MintFailure.unrecordable: break
        default: reportState(of: project)
        }
        if let token { return token }
        throw brokerError(error, keys: keys, scope: scope)
    }

    private func check(_ minimumLife: Duration, against life: TokenLife) throws {
        let most = TokenLifetime.mostAsked(of: life.lifetime)
        guard minimumLife <= most else {
            throw BrokerError.invalidRequest(
                "min_ttl is at most \(most.components.seconds) seconds: the project's tokens live "
                    + "\(life.lifetime.components.seconds)"
            )
        }
    }

    /// How long until another mint may bring a token: with the first key that can be used, or that can be again.
    func wait(for keys: [AccessKey], scope: Scope?) -> Duration {
        let tried = keys.first { !isInBackoff($0) }.map { [$0] } ?? keys
        return tried.compactMap { failures.remaining(of: slot(of: $0, scope: scope)) }.min() ?? .seconds(1)
    }

    func brokerError(_ error: any Error, keys: [AccessKey], scope: Scope?) -> BrokerError {
        let wait = wait(for: keys, scope: scope)
        return switch error as? MintFailure {
        case .keyRefused, .secretDamaged: .everyKeyRefused
        case .throttled: .mintThrottled(retryAfter: wait)
        case .budgetSpent(let wait): .mintThrottled(retryAfter: wait)
        case .unrecordable: .storeUnwritable
        case .postponed(let wait): .mintUnavailable(retryAfter: wait)
        case .unavailable, .garbled, .refused, nil: .mintUnavailable(retryAfter: wait)
        }
    }
}
