import Crypto
import Foundation
import GRDB

/// A random key for one purpose, sealed under the master key, so that the master key can change and this one stay.
enum PurposeKey: String, CaseIterable {
    /// The pepper that client secrets are stored under.
    case clientSecrets = "client_secrets"
    /// What chains the audit's records.
    case auditChain = "audit_chain"
}

/// The purpose keys as they stand in the database. That they open proves the master key.
struct PurposeKeys {
    private let records: [PurposeKey: SealedRecord]
    /// The term of the master key that they are sealed under.
    let term: SealedRecord.Term

    /// `nil` when the database was never finished; throws ``SealingKey/Damage`` when they are no sealed records.
    init?(of database: Database) throws {
        guard try database.tableExists("purpose_keys") else { return nil }
        let rows = try Row.fetchAll(database, sql: "SELECT purpose, sealed FROM purpose_keys")
        records = try rows.reduce(into: [:]) { records, row in
            guard let purpose = PurposeKey(rawValue: try row.value("purpose")) else { return }
            records[purpose] = try SealedRecord(Array(row.value("sealed", as: Data.self)))
        }
        guard records.count == PurposeKey.allCases.count, let term = records.values.map(\.term).max() else {
            return nil
        }
        self.term = term
    }

    /// Makes new ones, and puts them there.
    static func make(in database: Database, under key: SealingKey) throws -> PurposeKeys {
        for purpose in PurposeKey.allCases {
            let random = SymmetricKey(size: .bits256)
            try random.write(as: purpose, under: key, to: database)
        }
        guard let made = try PurposeKeys(of: database) else { throw SealingKey.Damage() }
        return made
    }

    /// Puts the same ones there under the next term's master key.
    func reseal(from key: SealingKey, under next: SealingKey, in database: Database) throws {
        for purpose in PurposeKey.allCases {
            try self.key(for: purpose, under: key).write(as: purpose, under: next, to: database)
        }
    }

    /// Whether they are sealed under this master key.
    func open(under key: SealingKey) -> Bool {
        PurposeKey.allCases.allSatisfy { (try? self.key(for: $0, under: key)) != nil }
    }

    /// Throws ``SealingKey/Damage`` when they are sealed under another master key.
    func key(for purpose: PurposeKey, under key: SealingKey) throws -> SymmetricKey {
        guard let record = records[purpose] else { throw SealingKey.Damage() }
        return SymmetricKey(data: try key.open(record, for: AssociatedData(purpose)))
    }
}

extension SymmetricKey {
    fileprivate func write(as purpose: PurposeKey, under key: SealingKey, to database: Database) throws {
        let sealed = try key.seal(withUnsafeBytes { Data($0) }, for: AssociatedData(purpose))
        try database.execute(
            sql: "INSERT OR REPLACE INTO purpose_keys (purpose, sealed) VALUES (?, ?)",
            arguments: [purpose.rawValue, Data(sealed)]
        )
    }
}
