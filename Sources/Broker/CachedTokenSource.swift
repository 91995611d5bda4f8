package import Logging
import Synchronization

/// A token source that remembers what another one minted.
///
/// However many ask for the same token at the same time, one of them causes one mint. The mint belongs to the cache and
/// not to the caller that happened to start it: callers may give up, the mint goes on, and its outcome is everybody's,
/// a failure for a while longer than the mint itself (see ``SharedFailure``). A mint that fails takes nothing away: a
/// token that was there stays.
package final class CachedTokenSource: TokenSource {
    private struct State {
        var entries: [TokenSlot: CachedToken] = [:]
        /// The mints that are running.
        var mints: [TokenSlot: Task<AccessToken, any Error>] = [:]
        var schedule = RefreshSchedule()
    }

    /// How soon a token whose refresh is due is looked at again.
    private static let pause: Duration = .seconds(30)

    private let source: any TokenSource
    private let sealer: any Sealer
    private let clock: any BrokerClock
    private let chance: @Sendable () -> Double
    private let logger: Logger
    /// Guards every slot's token, mint and failure, and the schedule of what is to be looked at when.
    private let state = Mutex(State())

    /// - Parameter chance: draws from 0..<1.
    package init(
        _ source: any TokenSource, sealer: any Sealer, clock: any BrokerClock,
        chance: @escaping @Sendable () -> Double, logger: Logger
    ) {
        self.source = source
        self.sealer = sealer
        self.clock = clock
        self.chance = chance
        self.logger = logger
    }

    /// The token that is there, whatever life it has left, and whether it should be refreshed now.
    ///
    /// To look counts as demand: the token will be refreshed when that is due.
    package func held(in slot: TokenSlot) -> (token: AccessToken, refreshIsDue: Bool)? {
        let now = clock.now
        return state.withLock { state in
            guard let token = open(slot, in: &state) else { return nil }
            state.entries[slot]?.isWanted = true
            let isIdle = state.mints[slot] == nil && state.entries[slot]?.failure(at: now) == nil
            return (token, isIdle && token.life.state(at: now) != .fresh)
        }
    }

    /// Joins the slot's mint, or starts one; throws the failure that is still shared.
    package func token(for need: TokenNeed) async throws -> AccessToken {
        switch try state.withLock({ try answer(need, in: &$0) }) {
        case .held(let token): token
        case .minting(let mint): try await mint.value
        }
    }

    private enum Answer {
        case held(AccessToken)
        case minting(Task<AccessToken, any Error>)
    }

    private func answer(_ need: TokenNeed, in state: inout sending State) throws -> Answer {
        let now = clock.now
        // Another caller's mint may have ended since this one looked.
        if let token = open(need.slot, in: &state), token.life.keepsPromise(at: now),
            token.life.remaining(at: now) >= need.minimumLife, state.entries[need.slot]?.failure(at: now) == nil
        {
            state.entries[need.slot]?.isWanted = true
            return .held(token)
        }
        return .minting(try mint(for: need, in: &state))
    }

    /// Starts a mint that nobody waits for, unless one is running or has just failed.
    package func refresh(for need: TokenNeed) {
        _ = try? mint(for: need)
    }

    private func mint(for need: TokenNeed) throws -> Task<AccessToken, any Error> {
        try state.withLock { try mint(for: need, in: &$0) }
    }

    private func mint(for need: TokenNeed, in state: inout State) throws -> Task<AccessToken, any Error> {
        var entry = state.entries[need.slot] ?? CachedToken()
        if need.urgency == .caller { entry.isAwaited = true }
        defer { state.entries[need.slot] = entry }
        if let mint = state.mints[need.slot] { return mint }
        if let failure = entry.failure(at: clock.now) { throw failure.failure }
        // Not a child task: the mint outlives a caller that gives up, for the sake of the others.
        let mint = Task { try await settle(need) }
        state.mints[need.slot] = mint
        return mint
    }

    /// What becomes of a report that a slot's token is dead.
    enum Replacing {
        case alreadyReplaced
        case tooSoon(retryAfter: Duration)
        /// The mint of the next one, which everybody joins who reports the same token.
        case minting(Task<AccessToken, any Error>)
    }

    /// Decides in one moment what becomes of a report that a token is dead.
    ///
    /// - Parameter turn: asked when a mint would be started; returns how long until one may be.
    func replace(_ rejected: TokenDigest, for need: TokenNeed, turn: () -> Duration?) throws -> Replacing {
        try state.withLock { state in
            guard open(need.slot, in: &state)?.digest == rejected else { return .alreadyReplaced }
            let entry = state.entries[need.slot]
            if state.mints[need.slot] == nil, entry?.failure(at: clock.now) == nil, let wait = turn() {
                return .tooSoon(retryAfter: wait)
            }
            return .minting(try mint(for: need, in: &state))
        }
    }

    private func settle(_ need: TokenNeed) async throws -> AccessToken {
        do {
            let token = try await source.token(for: need)
            put(.open(token), in: need.slot, endsMint: true)
            return token
        } catch {
            let now = clock.now
            state.withLock { state in
                state.mints[need.slot] = nil
                state.entries[need.slot]?.isAwaited = false
                guard let reason = error as? MintFailure else { return }
                if let wait = reason.postponement {
                    // Nobody failed, so that there is nothing to share.
                    state.schedule.set(need.slot, at: now.boot + wait)
                    return
                }
                let failure = SharedFailure(
                    reason, after: state.entries[need.slot]?.lastFailure, at: now, chance: chance())
                state.entries[need.slot]?.lastFailure = failure
                state.schedule.set(need.slot, at: now.boot + failure.lasts)
            }
            throw error
        }
    }

    /// Remembers a token that was minted elsewhere.
    package func adopt(_ token: AccessToken) {
        put(.open(token), in: token.slot)
    }

    /// Remembers a token that was minted before a restart; it is opened when it is first asked for.
    package func adopt(_ token: SealedToken) {
        put(.sealed(token), in: token.slot)
    }

    private func put(_ held: CachedToken.Held, in slot: TokenSlot, endsMint: Bool = false) {
        let now = clock.now
        state.withLock { state in
            var entry = state.entries[slot] ?? CachedToken()
            entry.held = held
            entry.lastFailure = nil
            entry.isWanted = endsMint && entry.isAwaited
            if endsMint {
                state.mints[slot] = nil
                entry.isAwaited = false
            }
            state.entries[slot] = entry
            state.schedule.set(slot, at: now.boot + held.life.refreshAfter(at: now))
        }
    }

    /// How many mints are running.
    package var running: Int { state.withLock { $0.mints.count } }

    /// Returns when no mint is running.
    package func drained() async {
        while let mint = state.withLock({ $0.mints.values.first }) { _ = await mint.result }
    }

    /// Forgets a token that is dead although its life is not over, unless it has been replaced meanwhile.
    package func drop(_ token: TokenDigest, from slot: TokenSlot) {
        state.withLock { state in
            if case .open(let held) = state.entries[slot]?.held, held.digest == token {
                state.entries[slot]?.held = nil
            }
        }
    }

    /// Ends a failure's effect, for a key that was enabled, verified or replaced.
    package func forgetFailure(of key: KeyID) {
        state.withLock { state in
            for slot in state.entries.keys where slot.keyID == key { state.entries[slot]?.lastFailure = nil }
        }
    }

    /// The slots whose tokens somebody fetched and whose refresh is due; forgets what has expired.
    package func takeDue() -> [TokenSlot] {
        let now = clock.now
        return state.withLock { state in
            state.schedule.take(until: now.boot).filter { slot in
                // Who is minting sets the next time when that is done.
                guard let entry = state.entries[slot], state.mints[slot] == nil else { return false }
                guard let life = entry.held?.life, life.remaining(at: now) > .zero else {
                    if let failure = entry.failure(at: now) {
                        state.schedule.set(slot, at: now.boot + failure.remaining(at: now))
                    } else {
                        state.entries[slot] = nil
                    }
                    return false
                }
                let isDue = life.state(at: now) == .refreshDue && entry.isWanted
                // The refresh may be another key's, or fail: this token is looked at again for as long as it is there.
                let next = isDue ? Self.pause : max(life.refreshAfter(at: now), .zero)
                state.schedule.set(slot, at: now.boot + (next > .zero ? next : life.remaining(at: now)))
                return isDue
            }
        }
    }

    /// What answers with a token rest on; `nil` when it is not what is held any more, or its key is in trouble.
    func ground(of token: AccessToken) -> Ground? {
        let now = clock.now
        return state.withLock { state in
            guard let entry = state.entries[token.slot], case .open(let held) = entry.held,
                held.digest == token.digest, entry.failure(at: now) == nil
            else { return nil }
            return entry.ground
        }
    }

    /// What is known of a slot, for those who look on; no demand.
    package func peek(at slot: TokenSlot) -> (life: TokenLife?, failure: SharedFailure?) {
        let now = clock.now
        return state.withLock { ($0.entries[slot]?.held?.life, $0.entries[slot]?.failure(at: now)) }
    }

    private func open(_ slot: TokenSlot, in state: inout sending State) -> AccessToken? {
        switch state.entries[slot]?.held {
        case .open(let token):
            return token
        case .sealed(let sealed):
            do {
                let token = try sealed.opened(by: sealer)
                state.entries[slot]?.held = .open(token)
                return token
            } catch {
                logger.error(
                    "a stored token does not open and is minted anew",
                    metadata: ["key": "\(slot.keyID)", "error": "\(error)"]
                )
                state.entries[slot]?.held = nil
                return nil
            }
        case nil:
            return nil
        }
    }
}
