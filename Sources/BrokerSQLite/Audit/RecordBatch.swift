import Broker

/// Puts audit records that come at the same time into one transaction: one wait for the disk serves them all.
actor RecordBatch {
    private let write: @Sendable ([AuditRecord]) async throws -> Void
    private var waiting: [(record: AuditRecord, written: CheckedContinuation<Void, any Error>)] = []
    private var isWriting = false

    init(write: @escaping @Sendable ([AuditRecord]) async throws -> Void) {
        self.write = write
    }

    /// Returns when the record is durable.
    func add(_ record: AuditRecord) async throws {
        try await withCheckedThrowingContinuation { continuation in
            waiting.append((record, continuation))
            if isWriting { return }
            isWriting = true
            Task { await writeAll() }
        }
    }

    private func writeAll() async {
        while !waiting.isEmpty {
            let batch = waiting
            waiting = []
            do {
                try await write(batch.map(\.record))
                for (_, written) in batch { written.resume() }
            } catch {
                for (_, written) in batch { written.resume(throwing: error) }
            }
        }
        isWriting = false
    }
}
