import Foundation
import Logging

/// A store that writes each audit record to the log, once it is durable, and notes whether it can be written.
struct WatchedStore: Store {
    let store: any Store
    private let health: Health
    private let logger: Logger

    init(_ store: any Store, health: Health, logger: Logger) {
        self.store = store
        self.health = health
        self.logger = logger
    }

    func contents(of extent: StoreExtent) async throws -> StoreContents {
        try await store.contents(of: extent)
    }

    func check() async throws -> MasterKeyCheck {
        let masterKey = try await watching { try await store.check() }
        health.reportWorking(.store)
        switch masterKey {
        case .works:
            health.reportWorking(.masterKey)
            health.reportWorking(.masterKeyFile)
        case .notInItsFile(let reason):
            health.reportWorking(.masterKey)
            health.report(.masterKeyFile, is: .lost, because: reason)
        case .doesNotOpen:
            health.report(.masterKey, is: .unproven)
        }
        return masterKey
    }

    func commit(_ changes: [Change], recording records: [AuditRecord]) async throws {
        try await watching { try await store.commit(changes, recording: records) }
        for record in records { record.log(to: logger) }
    }

    func record(_ record: AuditRecord) async throws {
        try await watching { try await store.record(record) }
        record.log(to: logger)
    }

    func save(_ uses: [(owner: Use.Owner, last: Date)]) async throws {
        try await watching { try await store.save(uses) }
    }

    func removeTokens(expiredBefore date: Date) async throws {
        try await watching { try await store.removeTokens(expiredBefore: date) }
    }

    func beginMasterKeyRotation(newFile: String?, recording record: AuditRecord) async throws -> Bool {
        let hasBegun = try await watching {
            try await store.beginMasterKeyRotation(newFile: newFile, recording: record)
        }
        if hasBegun { record.log(to: logger) }
        return hasBegun
    }

    func rotateMasterKey(recording end: AuditRecord) async throws -> MasterKeyProgress {
        let progress = try await watching { try await store.rotateMasterKey(recording: end) }
        if progress.hasEnded {
            end.log(to: logger)
            _ = try await check()
        }
        return progress
    }

    var unfinishedRotation: UnfinishedRotation? { store.unfinishedRotation }

    func backup(verifiedTo verified: AuditPosition?) async throws -> any Backup {
        try await store.backup(verifiedTo: verified)
    }

    func verifyAuditLog(after position: AuditPosition?, anchor: AuditPosition?) async throws -> AuditProof {
        try await store.verifyAuditLog(after: position, anchor: anchor)
    }

    func pruneAuditLog(
        before date: Date, recording record: AuditRecord, goesOn: Bool
    ) async throws -> AuditPruning.Reply {
        let reply = try await watching {
            try await store.pruneAuditLog(before: date, recording: record, goesOn: goesOn)
        }
        if !goesOn, reply.removed > 0 { record.log(to: logger) }
        if let fault = reply.fault { record.finding(fault).log(to: logger) }
        return reply
    }

    func auditLog(_ request: AuditListing) async throws -> AuditListing.Reply {
        try await store.auditLog(request)
    }

    /// What works says nothing here: it may have had nothing to write.
    private func watching<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let failure as StoreFailure {
            health.report(.store, is: .unwritable, because: "\(failure)")
            throw failure
        }
    }
}
