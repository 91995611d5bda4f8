import Foundation
import Logging

/// A store that also writes each audit record to the log, once it is durable.
struct LoggedStore: Store {
    private let store: any Store
    private let logger: Logger

    init(_ store: any Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    func contents(of extent: StoreExtent) async throws -> StoreContents {
        try await store.contents(of: extent)
    }

    func commit(_ changes: [Change], recording record: AuditRecord) async throws {
        try await store.commit(changes, recording: record)
        log(record)
    }

    func record(_ record: AuditRecord) async throws {
        try await store.record(record)
        log(record)
    }

    func save(_ uses: [(owner: Use.Owner, last: Date)]) async throws {
        try await store.save(uses)
    }

    func removeTokens(expiredBefore date: Date) async throws {
        try await store.removeTokens(expiredBefore: date)
    }

    func beginMasterKeyRotation(newFile: String?, recording record: AuditRecord) async throws -> Bool {
        let hasBegun = try await store.beginMasterKeyRotation(newFile: newFile, recording: record)
        if hasBegun { log(record) }
        return hasBegun
    }

    func rotateMasterKey(recording end: AuditRecord) async throws -> MasterKeyProgress {
        let progress = try await store.rotateMasterKey(recording: end)
        if progress.hasEnded { log(end) }
        return progress
    }

    func backup() async throws -> any Backup { try await store.backup() }

    func verifyAuditLog(after position: AuditPosition?, anchor: AuditPosition?) async throws -> AuditProof {
        try await store.verifyAuditLog(after: position, anchor: anchor)
    }

    func pruneAuditLog(
        before date: Date, recording record: AuditRecord, goesOn: Bool
    ) async throws -> AuditPruning.Reply {
        let reply = try await store.pruneAuditLog(before: date, recording: record, goesOn: goesOn)
        if !goesOn, reply.removed > 0 { log(record) }
        if let fault = reply.fault { log(record.finding(fault)) }
        return reply
    }

    func auditLog(_ request: AuditListing) async throws -> AuditListing.Reply {
        try await store.auditLog(request)
    }

    private func log(_ record: AuditRecord) { record.log(to: logger) }
}
