import Logging

/// A token source that seals what another one minted into the store, records every mint in the audit, and notes what
/// works and what does not.
///
/// While the store cannot be written there are no mints: nobody could be given the token, since a hand-out is recorded, too,
/// and the token would replace one that clients still get.
struct RecordingTokenSource: TokenSource {
    private let source: any TokenSource
    private let store: any Store
    private let sealer: any Sealer
    private let breaker: MintBreaker
    private let health: Health
    private let metrics: MintMetrics
    private let clock: any BrokerClock
    private let logger: Logger

    init(
        _ source: any TokenSource, store: any Store, sealer: any Sealer, breaker: MintBreaker, health: Health,
        metrics: MintMetrics, clock: any BrokerClock, logger: Logger
    ) {
        self.source = source
        self.store = store
        self.sealer = sealer
        self.breaker = breaker
        self.health = health
        self.metrics = metrics
        self.clock = clock
        self.logger = logger
    }

    func token(for request: MintRequest) async throws -> AccessToken {
        try await checkStore()
        do {
            let token = try await source.token(for: request)
            metrics.count(request, "minted")
            request.key.lastMint.set(token.life.start.wall)
            health.reportWorking(.endpoint(request.endpoint))
            let isRecorded = await record(request) {
                AuditRecord(minted: token, with: request.key, at: clock.now.wall)
            } changes: {
                [.putToken(try SealedToken(token, sealer: sealer))]
            }
            guard isRecorded else { throw MintFailure.unrecordable }
            return token
        } catch let failure as MintFailure {
            metrics.count(request, failure.outcome)
            if failure.origin == .broker { throw failure }
            report(failure, of: request)
            await record(request) {
                AuditRecord(failure, with: request.key, at: clock.now.wall)
            } changes: {
                []
            }
            throw failure
        }
    }

    /// Tries a store that could not be written before: it may work again, and an operator or a caller waits.
    ///
    /// - Throws: ``MintFailure/unrecordable`` if it does not work.
    private func checkStore() async throws {
        if health.works(.store) { return }
        do {
            _ = try await store.check()
        } catch {
            throw MintFailure.unrecordable
        }
    }

    /// Records a mint, and logs why if that fails.
    ///
    /// - Returns: `false` if the store cannot be written.
    @discardableResult
    private func record(
        _ request: MintRequest, _ record: () -> AuditRecord, changes: () throws -> [Change]
    ) async -> Bool {
        do {
            try await store.commit(changes(), recording: [record()])
            return true
        } catch {
            logger.log(
                .mintNotRecorded, level: .error, "a mint could not be recorded",
                [
                    "project_id": "\(request.key.project)", "key_id": "\(request.key.id)", "reason": "\(error.reason)",
                ]
            )
            return !(error is StoreFailure)
        }
    }

    private func report(_ failure: MintFailure, of request: MintRequest) {
        let endpoint = Health.Subject.endpoint(request.endpoint)
        switch failure {
        case .throttled: health.report(endpoint, is: .throttled, because: "\(failure)")
        case .garbled where !breaker.isOpen(request.endpoint): break
        case .unavailable, .garbled:
            health.report(
                endpoint, is: breaker.isOpen(request.endpoint) ? .unavailable : .failing, because: "\(failure)")
        case .keyRefused, .refused: health.reportWorking(endpoint)
        case .secretDamaged, .postponed, .budgetSpent, .unrecordable: break
        }
    }
}
