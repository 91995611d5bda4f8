import Futures
import Synchronization

/// Single flight: however many ask for the same token at the same time, one of them causes one mint.
///
/// The mint belongs to the broker and not to the caller that happened to start it: callers may give up, the mint goes
/// on, and its outcome is everybody's, a failure for a while longer than the mint itself (see ``FailedMints``). A mint
/// that fails takes nothing away: a token that was there stays.
package final class MintFlights: Sendable {
    private struct Flight {
        let request: MintRequest
        let outcome = Future<AccessToken>()
    }

    /// What a caller does.
    private enum Decision<Value> {
        case wait(Flight)
        /// No mint is needed.
        case done(Value)
    }

    private let source: any TokenSource
    private let cache: TokenCache
    private let failures: FailedMints
    private let registry: Registry
    private let clock: any BrokerClock
    /// Guards the mints that are running.
    private let flights = Mutex<[TokenSlot: Flight]>([:])

    package init(
        _ source: any TokenSource, cache: TokenCache, failures: FailedMints, registry: Registry, clock: any BrokerClock
    ) {
        self.source = source
        self.cache = cache
        self.failures = failures
        self.registry = registry
        self.clock = clock
    }

    /// Joins the slot's mint, or starts one.
    ///
    /// Throws a ``MintFailure``, which may be an earlier mint's that is backed off from; ``DeadlinePassed``.
    ///
    /// - Parameters:
    ///   - client: the client that waits.
    ///   - deadline: the caller's; the mint has its own.
    ///   - suffices: whether a token will do that came since the caller looked.
    ///   - permit: asked when a mint would be started; says how long until one may be.
    func token(
        for request: MintRequest, to client: ClientID, by deadline: Deadline, suffices: (AccessToken) -> Bool,
        permit: () -> Duration?
    ) async throws -> AccessToken {
        while true {
            let decision = try flights.withLock { flights -> Decision<AccessToken> in
                if let flight = flights[request.slot] { return .wait(flight) }
                if let failure = failures.failure(of: request.slot) { throw failure }
                if let token = cache.openToken(in: request.slot), suffices(token) { return .done(token) }
                if let wait = permit() { throw MintFailure.budgetSpent(retryAfter: wait) }
                return .wait(start(request, in: &flights))
            }
            switch decision {
            case .done(let token):
                return token
            case .wait(let flight):
                flight.request.join(as: client)
                do {
                    return try await flight.outcome.value(by: deadline, clock: clock)
                } catch MintFailure.postponed where flight.request.purpose == .refresh {
                    // A caller's mint may go where a refresh may not.
                    continue
                } catch is DeadlinePassed where flight.request.isDelayedByBudget {
                    throw MintFailure.budgetSpent(retryAfter: .seconds(1))
                }
            }
        }
    }

    /// Starts a mint that nobody waits for, unless one is running.
    ///
    /// - Parameter ended: is told when it is over how long until another may be started.
    /// - Returns: whether it was started.
    func refresh(_ request: MintRequest, ended: @escaping @Sendable (Duration) -> Void) -> Bool {
        flights.withLock { flights in
            guard flights[request.slot] == nil else { return false }
            _ = start(request, in: &flights, ended: ended)
            return true
        }
    }

    /// Starts, or joins, the mint of a token that replaces one that is dead.
    ///
    /// - Parameter permit: asked when a mint would be started; says how long until one may be.
    func replace(
        _ dead: TokenDigest, for request: MintRequest, to client: ClientID, by deadline: Deadline,
        permit: () -> Duration?
    ) async throws -> Replacement {
        let decision = try flights.withLock { flights -> Decision<Replacement> in
            guard cache.openToken(in: request.slot)?.digest == dead else { return .done(.alreadyReplaced) }
            if let flight = flights[request.slot] { return .wait(flight) }
            if let failure = failures.failure(of: request.slot) { throw failure }
            if let wait = permit() { return .done(.tooSoon(retryAfter: wait)) }
            return .wait(start(request, in: &flights))
        }
        switch decision {
        case .done(let replacement):
            return replacement
        case .wait(let flight):
            flight.request.join(as: client)
            _ = try await flight.outcome.value(by: deadline, clock: clock)
            return .replaced
        }
    }

    /// How many mints are running.
    package var running: Int { flights.withLock(\.count) }

    /// How many callers wait for a mint.
    package var waiters: Int { flights.withLock { $0.values.map(\.outcome) }.reduce(0) { $0 + $1.waiterCount } }

    /// Returns when no mint is running.
    package func drained() async throws {
        while let flight = flights.withLock(\.values.first) {
            do { _ = try await flight.outcome.value() } catch { try Task.checkCancellation() }
        }
    }

    private func start(
        _ request: MintRequest, in flights: inout [TokenSlot: Flight],
        ended: @escaping @Sendable (Duration) -> Void = { _ in }
    ) -> Flight {
        let flight = Flight(request: request)
        flights[request.slot] = flight
        if failures.isRepeated(for: request.slot) { request.setRepeatsFailure() }
        // Not a child task: it outlives the caller that starts it.
        Task {
            do {
                let token = try await source.token(for: request)
                failures.succeeded(request)
                cache.put(token)
                // The key may have been removed meanwhile, and its tokens with it.
                if !registry.has(token.slot) { cache.remove(token.slot) }
                ended(.zero)
                finish(flight, .success(token))
            } catch {
                let failure = error as? MintFailure
                if let failure { failures.failed(request, failure) }
                ended(failure?.postponement ?? .zero)
                finish(flight, .failure(error))
            }
        }
        return flight
    }

    private func finish(_ flight: Flight, _ outcome: Result<AccessToken, any Error>) {
        flights.withLock { $0[flight.request.slot] = nil }
        flight.outcome.complete(with: outcome)
    }
}
