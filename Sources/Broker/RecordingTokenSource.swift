package import Logging

/// A token source that seals what another one minted into the store, and records every mint in the audit.
///
/// A store that fails does not cost the client its token: that goes on from memory, and the operator is told.
package struct RecordingTokenSource: TokenSource {
    private let source: any TokenSource
    private let store: any Store
    private let sealer: any Sealer
    private let clock: any BrokerClock
    private let logger: Logger

    package init(
        _ source: any TokenSource, store: any Store, sealer: any Sealer, clock: any BrokerClock, logger: Logger
    ) {
        self.source = source
        self.store = store
        self.sealer = sealer
        self.clock = clock
        self.logger = logger
    }

    package func token(for need: TokenNeed) async throws -> AccessToken {
        do {
            let token = try await source.token(for: need)
            await record(need) {
                AuditRecord(minted: token, with: need.key, at: clock.now.wall)
            } changes: {
                [.putToken(try SealedToken(token, sealer: sealer))]
            }
            return token
        } catch let failure as MintFailure where failure.postponement != nil {
            throw failure
        } catch let failure as MintFailure {
            logger.warning("mint failed", metadata: metadata(of: need).merging(["reason": "\(failure)"]) { $1 })
            await record(need) {
                AuditRecord(failure, with: need.key, at: clock.now.wall)
            } changes: {
                []
            }
            throw failure
        }
    }

    private func record(
        _ need: TokenNeed, _ record: () -> AuditRecord, changes: () throws -> [Change]
    ) async {
        do {
            try await store.commit(changes(), recording: record())
        } catch {
            logger.error(
                "a mint could not be recorded",
                metadata: metadata(of: need).merging(["error": "\(error)"]) { $1 }
            )
        }
    }

    private func metadata(of need: TokenNeed) -> Logger.Metadata {
        ["project": "\(need.key.project)", "key": "\(need.key.id)"]
    }
}
