import Broker
import GRDB

/// Reads rows one by one and holds each against its MAC, so that one that is damaged does not keep the others from being
/// read.
struct RegistryReader {
    let database: Database
    private let extent: StoreExtent
    private let macs: RegistryMACs
    /// Of the rows of the registry that were read, whatever they say.
    private(set) var registry = MultisetHash()
    /// The rows that cannot be read.
    private(set) var unreadable: [UnreadableRecord] = []

    init(_ database: Database, _ macs: RegistryMACs, extent: StoreExtent = .everything) {
        self.database = database
        self.macs = macs
        self.extent = extent
    }

    /// Calls `body` for each row; those that it throws on are unreadable.
    mutating func read(_ table: Table, _ body: (Row) throws -> Void) throws {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT * FROM \(table.rawValue) WHERE \(table.filter(to: extent))",
            arguments: extent.arguments
        )
        while let row = try rows.next() {
            do {
                if table.isAuthenticated {
                    registry += macs.hash(ofMAC: row["mac"])
                    guard macs.isAuthentic(row, of: table) else { throw ChangedRow() }
                }
                try body(row)
            } catch {
                unreadable.append(UnreadableRecord(row, of: table, reason: error))
            }
        }
    }
}

/// A row that is not as the broker wrote it.
private struct ChangedRow: Error, CustomStringConvertible {
    var description: String { "its authentication code does not match: it was changed, or is damaged" }
}

extension UnreadableRecord {
    /// Names the record by its IDs, which are not secret.
    fileprivate init(_ row: Row, of table: Table, reason: any Error) {
        let ids = ["key_id", "client_id", "project_id"].compactMap { column in
            row.hasColumn(column) ? String.fromDatabaseValue(row[column] as DatabaseValue) : nil
        }
        self.init(
            "\(table.rawValue) \(ids.joined(separator: " "))",
            key: table == .accessKeys ? ids.first.flatMap { try? KeyID($0) } : nil,
            isEnabled: table == .accessKeys && row["state"] as DatabaseValue != "disabled".databaseValue,
            client: table == .clients ? ids.first.flatMap { try? ClientID($0) } : nil, reason: reason
        )
    }
}
