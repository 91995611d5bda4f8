package import Foundation

/// A project's tokens, whichever of its keys they are minted with.
///
/// The active key comes first. A key that the authorization server refuses is passed over for the next one; a token of
/// any enabled key is as good as another as long as it keeps the promise.
package struct ProjectTokens: Sendable {
    /// No younger token is minted because a client wants more life.
    private static let newest: Duration = .seconds(30)
    private static let tooMuchLife = BrokerError.invalidRequest(
        "min_ttl is more than a token reliably has when it is new")

    private let cache: CachedTokenSource
    private let roster: Roster
    private let forced: ForcedMints
    private let defaultTokenEndpoint: URL
    private let clock: any BrokerClock

    package init(
        _ cache: CachedTokenSource, roster: Roster, defaultTokenEndpoint: URL, clock: any BrokerClock
    ) {
        self.cache = cache
        self.roster = roster
        self.defaultTokenEndpoint = defaultTokenEndpoint
        self.clock = clock
        forced = ForcedMints(clock: clock)
    }

    /// A token of the project with the life that was promised and the life that was asked for.
    ///
    /// Throws ``BrokerError``.
    package func token(of project: ProjectID, scope: Scope?, minimumLife: Duration) async throws -> AccessToken {
        let deadline = Deadline(after: Deadline.mint, from: clock.now)
        while true {
            let keys = try keys(of: project, scope: scope)
            if let token = try heldToken(of: keys, scope: scope, minimumLife: minimumLife) { return token }
            let token: AccessToken
            do {
                token = try await mint(with: keys, scope: scope, minimumLife: minimumLife, deadline: deadline)
            } catch let failure as MintFailure {
                // Whatever is left is better than nothing, unless more was asked for.
                let left = try self.keys(of: project, scope: scope).lazy
                    .compactMap { self.cache.held(in: self.slot(of: $0, scope: scope))?.token }
                    .first {
                        $0.life.isUsable(at: self.clock.now) && $0.life.remaining(at: self.clock.now) >= minimumLife
                    }
                if let left { return left }
                throw BrokerError(failure, retryAfter: retryAfter(keys, scope: scope))
            }
            // The key may have been disabled or replaced while we waited: then its token is nobody's any more.
            guard roster.isEnabled(token.slot) else { continue }
            guard token.life.remaining(at: clock.now) >= minimumLife else { throw Self.tooMuchLife }
            return token
        }
    }

    /// Replaces the token that is handed out, when it is the one that a client says is dead.
    ///
    /// The authorization server decides: when it refuses the key, the token goes with it and the next key is used; a
    /// mint that merely fails leaves the token in place.
    package func replace(_ rejected: TokenDigest, of project: ProjectID) async throws -> Replacement {
        let keys = try keys(of: project, scope: nil)
        guard let key = keys.first(where: { cache.held(in: slot(of: $0, scope: nil))?.token.digest == rejected }) else {
            return .alreadyReplaced
        }
        let place = slot(of: key, scope: nil)
        guard heldToken(of: keys, scope: nil).map({ $0.token.digest == rejected }) ?? true else {
            cache.drop(rejected, from: place)
            return .alreadyReplaced
        }
        let deadline = Deadline(after: Deadline.mint, from: clock.now)
        let need = need(key, scope: place.scope, urgency: .caller, deadline: deadline)
        do {
            switch try cache.replace(rejected, for: need, turn: { forced.take(for: key.id) }) {
            case .alreadyReplaced: return .alreadyReplaced
            case .tooSoon(let wait): return .tooSoon(retryAfter: wait)
            case .minting(let mint): _ = try await mint.value
            }
        } catch MintFailure.keyRefused {
            cache.drop(rejected, from: place)
            _ = try await token(of: project, scope: nil, minimumLife: .zero)
        } catch let failure as MintFailure {
            throw BrokerError(failure, retryAfter: retryAfter(keys, scope: nil))
        }
        return .replaced
    }

    /// What came of a report that a token is dead.
    package enum Replacement: Sendable, Equatable {
        case replaced
        /// Another token is handed out already.
        case alreadyReplaced
        case tooSoon(retryAfter: Duration)
    }

    /// The life of the token that is handed out next, where one is there; no demand.
    package func life(of project: ProjectID) -> TokenLife? {
        let now = clock.now
        let lives = roster.enabledKeys(of: project).compactMap { cache.peek(at: $0.slot(for: $0.scope)).life }
        return lives.first { $0.keepsPromise(at: now) } ?? lives.first
    }

    /// What answers with a token rest on; `nil` when the next answer may be with another.
    func ground(of token: AccessToken) -> Ground? { cache.ground(of: token) }

    /// Starts the refreshes that are due. Called every second.
    package func refreshDue() {
        for slot in cache.takeDue() {
            guard roster.isEnabled(slot), let key = roster.key(slot.keyID) else { continue }
            refresh(key.project, scope: slot.scope)
        }
    }

    private func refresh(_ project: ProjectID, scope: Scope) {
        let key = roster.enabledKeys(of: project).first { key in
            scope.isSubset(of: key.scope) && cache.peek(at: key.slot(for: scope)).failure == nil
        }
        guard let key else { return }
        let deadline = Deadline(after: Deadline.mint, from: clock.now)
        cache.refresh(for: need(key, scope: scope, urgency: .refresh, deadline: deadline))
    }

    private func keys(of project: ProjectID, scope: Scope?) throws -> [AccessKey] {
        let enabled = roster.enabledKeys(of: project)
        guard !enabled.isEmpty else {
            throw roster.has(project) ? BrokerError.everyKeyRefused : .unauthorizedClient
        }
        guard let scope else { return enabled }
        let able = enabled.filter { scope.isSubset(of: $0.scope) }
        guard !able.isEmpty else { throw BrokerError.invalidScope }
        return able
    }

    /// When the failure that was just shared stops standing for an answer.
    private func retryAfter(_ keys: [AccessKey], scope: Scope?) -> Duration {
        let now = clock.now
        return keys.compactMap { cache.peek(at: slot(of: $0, scope: scope)).failure?.remaining(at: now) }.min()
            ?? .seconds(1)
    }

    private func need(
        _ key: AccessKey, scope: Scope, urgency: TokenNeed.Urgency, minimumLife: Duration = .zero, deadline: Deadline
    ) -> TokenNeed {
        TokenNeed(
            key: key, endpoint: key.tokenEndpoint ?? defaultTokenEndpoint, scope: scope, urgency: urgency,
            minimumLife: minimumLife, deadline: deadline
        )
    }

    private func slot(of key: AccessKey, scope: Scope?) -> TokenSlot {
        key.slot(for: scope ?? key.scope)
    }

    private func heldToken(of keys: [AccessKey], scope: Scope?, minimumLife: Duration) throws -> AccessToken? {
        guard let (token, refreshIsDue) = heldToken(of: keys, scope: scope) else { return nil }
        let now = clock.now
        if token.life.remaining(at: now) < minimumLife {
            // A newer one would have as much as this one had a moment ago.
            let isNew = now.elapsed(since: token.life.start) < Self.newest
            guard !isNew, token.life.lifetime >= minimumLife else { throw Self.tooMuchLife }
            return nil
        }
        if refreshIsDue, let key = roster.key(token.slot.keyID) { refresh(key.project, scope: token.slot.scope) }
        return token
    }

    /// The first key's token that keeps the promise. A token of a key in quarantine does not: with its key deleted at
    /// Sinch it is dead within a minute, whatever life it was given.
    private func heldToken(of keys: [AccessKey], scope: Scope?) -> (token: AccessToken, refreshIsDue: Bool)? {
        let now = clock.now
        let keys = keys.lazy.filter { cache.peek(at: slot(of: $0, scope: scope)).failure?.isQuarantine != true }
        return keys.compactMap { cache.held(in: slot(of: $0, scope: scope)) }.first {
            $0.token.life.keepsPromise(at: now)
        }
    }

    private func mint(
        with keys: [AccessKey], scope: Scope?, minimumLife: Duration, deadline: Deadline
    ) async throws -> AccessToken {
        for key in keys {
            let need = need(
                key, scope: scope ?? key.scope, urgency: .caller, minimumLife: minimumLife, deadline: deadline
            )
            do {
                return try await cache.token(for: need)
            } catch MintFailure.keyRefused {
                continue
            }
        }
        throw MintFailure.keyRefused
    }
}

extension BrokerError {
    fileprivate init(_ failure: MintFailure, retryAfter: Duration) {
        switch failure {
        case .keyRefused: self = .everyKeyRefused
        case .throttled: self = .mintThrottled(retryAfter: retryAfter)
        case .budgetSpent(let wait): self = .mintThrottled(retryAfter: wait)
        case .postponed(let wait): self = .mintUnavailable(retryAfter: wait)
        case .unavailable, .garbled, .refused: self = .mintUnavailable(retryAfter: retryAfter)
        }
    }
}
