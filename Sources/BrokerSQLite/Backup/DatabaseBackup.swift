import Broker
import Foundation
import GRDB
import Glibc

/// A backup on disk: copied to a file beside the database, verified there, and read from it.
actor DatabaseBackup: Backup {
    /// So much is read at once.
    private static let part = 512 * 1024

    private enum Phase {
        case copying(DatabaseCopy)
        case verifying(DatabaseVerification, DatabaseQueue)
        case ready(FileHandle, size: Int, BackupContents)
    }

    private let database: ProvenDatabase
    private let path: String
    private let auditVerified: AuditPosition?
    /// Taken out while something is done with it: whoever does so puts away what has ended meanwhile.
    private var phase: Phase?
    private var hasEnded = false

    /// - Parameters:
    ///   - path: where the file is while it is made; nobody else's.
    ///   - auditVerified: the place up to which the audit log was verified before.
    init(of database: ProvenDatabase, at path: String, auditVerifiedTo auditVerified: AuditPosition?) async throws {
        self.database = database
        self.path = path
        self.auditVerified = auditVerified
        _ = try await Blocking.run { close(try PrivateFile.open(new: path, mode: 0o600, called: "the backup's file")) }
        do {
            phase = .copying(try await DatabaseCopy(of: database.queue, to: path))
        } catch {
            unlink(path)
            throw error
        }
    }

    func advance() async throws -> BackupProgress {
        try await withPhase { phase in
            switch phase {
            case .copying(let copy):
                let (done, total) = try await copy.step()
                if done == total {
                    let queue = try await Blocking.run { [path] in try DatabaseQueue.open(broker: path) }
                    // No WAL of the database belongs to the copy.
                    try await queue.watching { try $0.writeGeneration() }
                    let copy = ProvenDatabase(queue: queue, like: database)
                    phase = .verifying(DatabaseVerification(of: copy, auditVerifiedTo: auditVerified), queue)
                }
                return BackupProgress(.copying, done: done, of: total)
            case .verifying(var verification, let queue):
                let (done, total) = try await verification.advance()
                if let end = verification.end {
                    phase = try await ready(queue, auditEnd: end)
                } else {
                    phase = .verifying(verification, queue)
                }
                return BackupProgress(.verifying, done: done, of: total)
            case .ready(_, let size, _):
                return BackupProgress(.ready, done: size, of: size)
            }
        }
    }

    func bytes(from offset: Int) async throws -> Data {
        try await withPhase { phase in
            guard case .ready(let file, _, _) = phase else { throw ended }
            return try await Blocking.run {
                try file.seek(toOffset: UInt64(offset))
                return try file.read(upToCount: Self.part) ?? Data()
            }
        }
    }

    func contents() async throws -> BackupContents {
        guard case .ready(_, _, let contents) = phase else { throw ended }
        return contents
    }

    func end() async {
        hasEnded = true
        guard let phase else { return }
        self.phase = nil
        await discard(phase)
    }

    private func withPhase<Value>(_ work: (inout Phase) async throws -> Value) async throws -> Value {
        guard var taken = phase else { throw ended }
        phase = nil
        let result: Result<Value, any Error>
        do { result = .success(try await work(&taken)) } catch { result = .failure(error) }
        if hasEnded { await discard(taken) } else { phase = taken }
        return try result.get()
    }

    /// Nobody finds the file by its name any more: what is left of it goes with this process at the latest.
    private func ready(_ queue: DatabaseQueue, auditEnd: AuditPosition) async throws -> Phase {
        let terms = try await queue.transaction { [keys = database.keys] in try Resealing.terms(of: keys, in: $0) }
        return try await Blocking.run { [path] in
            try queue.close()
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            unlink(path)
            let contents = BackupContents(masterKeyTerms: terms, auditEnd: auditEnd)
            return .ready(file, size: Int(try file.seekToEnd()), contents)
        }
    }

    private func discard(_ phase: Phase) async {
        switch phase {
        case .copying(let copy): try? await copy.end()
        case .verifying(_, let queue): try? await Blocking.run { try queue.close() }
        case .ready(let file, _, _): try? file.close()
        }
        unlink(path)
    }

    private var ended: OperatorError {
        OperatorError(.conflict, "the backup was ended, or is not ready", hint: "make one backup at a time")
    }
}
