import Foundation
package import Logging

/// What the store needs now and then: last uses saved, expired tokens removed, a rotation of the master key finished.
package struct Housekeeping: Sendable {
    /// How much of what is known of uses a crash costs at most.
    private static let interval: Duration = .seconds(30)

    private let uses: UseLog
    private let store: any Store
    private let clock: any BrokerClock
    private let logger: Logger

    package init(uses: UseLog, store: any Store, clock: any BrokerClock, logger: Logger) {
        self.uses = uses
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    /// Keeps house until the task is cancelled.
    package func run() async throws {
        while true {
            await finishMasterKeyRotation()
            try await clock.sleep(for: Self.interval)
            await runOnce()
        }
    }

    /// Goes on with one that was broken off.
    private func finishMasterKeyRotation() async {
        do {
            let end = AuditRecord(at: clock.now.wall, actor: .broker, action: .masterKeyRotated)
            while try await store.rotateMasterKey(recording: end).left > 0 {}
        } catch {
            logger.error(
                "the rotation of the master key could not go on; this is tried again", metadata: ["error": "\(error)"]
            )
        }
    }

    /// Once; also for the last time, when nobody uses anything any more.
    package func runOnce() async {
        do {
            try await uses.save()
            try await store.removeTokens(expiredBefore: clock.now.wall)
        } catch {
            logger.error(
                "last uses could not be saved, or expired tokens not removed; this is tried again",
                metadata: ["error": "\(error)"]
            )
        }
    }
}
