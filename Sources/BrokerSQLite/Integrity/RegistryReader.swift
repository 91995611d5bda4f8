import Broker
import GRDB

/// Reads rows one by one and checks their MACs: a damaged row does not keep the broker from reading the others.
struct RegistryReader {
    let database: Database
    private let extent: StoreExtent
    private let macs: RegistryMACs
    /// The hash of the set of the registry's rows read so far, the unreadable ones included.
    private(set) var registry = MultisetHash()
    private(set) var unreadable: [UnreadableRecord] = []

    init(_ database: Database, _ macs: RegistryMACs, extent: StoreExtent = .everything) {
        self.database = database
        self.macs = macs
        self.extent = extent
    }

    /// Calls `body` for each row; a row for which `body` throws counts as unreadable.
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

/// A row whose MAC does not match.
private struct ChangedRow: Error, CustomStringConvertible {
    var description: String {
        "its authentication code does not match: the row is damaged, or another program changed it"
    }
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
