import Broker
import Files
import GRDB

/// What makes a database one to rely on, besides that it opens: whole pages, records that all open, and an audit log that
/// is whole.
struct DatabaseVerification {
    private let database: ProvenDatabase
    private let pagesAreWhole: Bool
    private let auditVerified: AuditPosition?
    /// How far the audit log was verified; all else was before.
    private var proof: AuditProof?

    /// - Parameters:
    ///   - pagesAreWhole: whether that was verified before.
    ///   - auditVerified: the place up to which the audit log was verified before.
    init(of database: ProvenDatabase, pagesAreWhole: Bool = false, auditVerifiedTo auditVerified: AuditPosition? = nil)
    {
        self.database = database
        self.pagesAreWhole = pagesAreWhole
        self.auditVerified = auditVerified
    }

    /// The last record of the audit log, once everything is verified.
    var end: AuditPosition? { proof.flatMap { $0.isWhole ? $0.anchor : nil } }

    /// Verifies some more; counts audit records.
    ///
    /// Throws ``OperatorError`` that says what is wrong.
    mutating func advance() async throws -> (done: Int, total: Int) {
        if proof == nil {
            try await database.queue.transaction { [database, pagesAreWhole] in
                if !pagesAreWhole { try $0.verifyPages() }
                try database.verifyRecords(in: $0)
            }
        }
        let proof = try await database.queue.transaction { [database, position = proof?.anchor ?? auditVerified] in
            try database.auditLog.verify(after: position, anchor: nil, in: $0)
        }
        if let fault = proof.fault {
            throw OperatorError(.failed, "the copy's audit log is not whole: \(fault.message)")
        }
        self.proof = proof
        return (Int(proof.anchor.sequence), Int(proof.end))
    }
}

extension Database {
    /// Throws ``OperatorError`` unless the file ends where its last page ends: SQLite reads zeros for what was cut off.
    func verifySize(ofFile path: String) throws {
        let pages = try Int.fetchOne(self, sql: "PRAGMA page_count") ?? 0
        let expected = pages * (try Int.fetchOne(self, sql: "PRAGMA page_size") ?? 0)
        let size = FileStatus(at: path)?.size
        guard size == expected else {
            throw OperatorError(.failed, "the copy is damaged: expected \(expected) bytes, found \(size ?? 0)")
        }
    }

    /// Throws ``OperatorError`` where pages are damaged, or refer to each other as no database's do.
    func verifyPages() throws {
        let complaints = try String.fetchAll(self, sql: "PRAGMA integrity_check(1)")
        guard complaints == ["ok"] else {
            throw OperatorError(.failed, "the copy is damaged: \(complaints.first ?? "nothing can be read")")
        }
        guard try Row.fetchOne(self, sql: "PRAGMA foreign_key_check") == nil else {
            throw OperatorError(.failed, "the copy is damaged: there is a record that belongs to nothing")
        }
    }
}

extension ProvenDatabase {
    /// That each can be read, and each secret opens.
    fileprivate func verifyRecords(in database: Database) throws {
        guard let purposeKeys = try PurposeKeys(of: database), purposeKeys.open(under: keys.newest) else {
            throw OperatorError(.failed, "the keys that the copy's records are sealed with do not open")
        }
        var reader = RegistryReader(database, auditLog.registryMACs)
        try reader.read(.accessKeys) { row in
            let key = try AccessKey(row: row)
            _ = try keys.open(key.secret, from: key.secretPlace)
        }
        try reader.read(.tokens) { row in
            let token = try SealedToken(row: row)
            _ = try keys.open(token.sealed, from: .token(token.slot))
        }
        _ = try StoreContents.clients(&reader)
        if let record = reader.unreadable.first {
            throw OperatorError(
                .failed,
                "\(reader.unreadable.count) of the copy's records cannot be read; the first is '\(record.name)': \(record.reason)",
                hint: "register it anew, or restore an earlier backup"
            )
        }
        try auditLog.check(reader.registry, in: database)
    }
}
