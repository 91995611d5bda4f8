import Foundation
package import Logging

/// What the store needs now and then: last uses saved, what is too old removed, a rotation of the master key finished, an
/// interrupted backup ended.
package struct Housekeeping: Sendable {
    /// How much of what is known of uses a crash costs at most.
    private static let interval: Duration = .seconds(30)
    /// How soon it is known that a store works again.
    static let pause: Duration = .seconds(5)
    /// How often old audit records are removed.
    private static let pruningInterval: Duration = .seconds(86_400)

    private let uses: UseLog
    private let store: any Store
    private let backups: Backups
    /// How long audit records are kept; for ever, when there is none.
    private let auditRetention: Duration?
    private let health: Health
    private let clock: any BrokerClock
    private let logger: Logger

    package init(
        uses: UseLog, store: any Store, backups: Backups, auditRetention: Duration?, health: Health,
        clock: any BrokerClock, logger: Logger
    ) {
        self.health = health
        self.uses = uses
        self.store = store
        self.backups = backups
        self.auditRetention = auditRetention
        self.clock = clock
        self.logger = logger
    }

    /// Keeps house until the task is cancelled.
    package func run() async throws {
        var (pruned, done): (Duration?, Duration?)
        while true {
            let now = clock.now.boot
            if isDue(Self.pruningInterval, since: pruned, at: now) {
                pruned = now
                await pruneAuditLog()
            }
            if isDue(Self.interval, since: done, at: now) || !health.works(.store) || !health.works(.masterKeyFile) {
                done = now
                await finishMasterKeyRotation()
                await runOnce()
            }
            try await clock.sleep(for: Self.pause)
        }
    }

    private func isDue(_ interval: Duration, since last: Duration?, at now: Duration) -> Bool {
        last.map { now - $0 >= interval } ?? true
    }

    /// Goes on with one that was broken off.
    private func finishMasterKeyRotation() async {
        do {
            let end = AuditRecord(at: clock.now.wall, actor: .broker, action: .masterKeyRotated)
            while try await store.rotateMasterKey(recording: end).left > 0 {}
        } catch {
            report("the rotation of the master key could not go on; this is tried again", because: error)
        }
    }

    private func pruneAuditLog() async {
        guard let auditRetention else { return }
        let now = clock.now.wall
        let before = now.addingTimeInterval(-(auditRetention / .seconds(1)))
        let record = AuditRecord(
            at: now, actor: .broker, action: .auditPruned, outcome: "before \(before.formatted(.iso8601))"
        )
        do {
            var removed = 0
            while true {
                let part = try await store.pruneAuditLog(before: before, recording: record, goesOn: removed > 0)
                removed += part.removed
                if part.isComplete { return }
            }
        } catch {
            report("old audit records could not be removed; this is tried again in a day", because: error)
        }
    }

    /// Once; also for the last time, when nobody uses anything any more.
    package func runOnce() async {
        await backups.endIdle()
        do {
            try await uses.save()
            try await store.removeTokens(expiredBefore: clock.now.wall)
            _ = try await store.check()
        } catch {
            report("last uses could not be saved, or expired tokens not removed; this is tried again", because: error)
        }
    }

    /// The store tells of its failures itself, and to be stopped is none.
    private func report(_ failure: Logger.Message, because error: any Error) {
        if error is StoreFailure || error is CancellationError { return }
        logger.log(.upkeepFailed, level: .error, failure, ["reason": "\(error.reason)"])
    }
}
