import Foundation
import GRDB

/// Writes rows of the registry with their MACs, and sums up how the set of rows changes.
struct RegistryWriter {
    typealias Values = KeyValuePairs<String, (any DatabaseValueConvertible)?>

    let database: Database
    private let macs: RegistryMACs
    /// The hash of the rows that were written, minus the hash of the rows that were deleted.
    private(set) var difference = MultisetHash()

    init(_ database: Database, _ macs: RegistryMACs) {
        self.database = database
        self.macs = macs
    }

    mutating func insert(_ values: Values, into table: Table) throws {
        let mac = macs.mac(of: table) { column in
            values.first { $0.key == column }?.value?.databaseValue ?? .null
        }
        let columns = values.map(\.key) + ["mac"]
        try database.cachedStatement(
            sql: """
                INSERT INTO \(table.rawValue) (\(columns.joined(separator: ", ")))
                VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
                """
        ).execute(arguments: StatementArguments(values.map(\.value)) + [mac])
        difference += macs.hash(ofMAC: mac.databaseValue)
    }

    /// - Parameter ids: The columns that identify the row; nothing happens if there is no such row.
    mutating func update(
        _ table: Table, set column: String, to value: any DatabaseValueConvertible, where ids: Values
    ) throws {
        guard let row = try rows(of: table, where: ids).first else { return }
        try set(column, to: value, in: table, where: ids)
        // The broker never makes a MAC for a row that another program wrote.
        guard macs.isAuthentic(row, of: table) else { return }
        let mac = macs.mac(of: table) { $0 == column ? value.databaseValue : row[$0] }
        try set("mac", to: mac, in: table, where: ids)
        difference -= macs.hash(ofMAC: row["mac"])
        difference += macs.hash(ofMAC: mac.databaseValue)
    }

    mutating func delete(from table: Table, where ids: Values) throws {
        for row in try rows(of: table, where: ids) { difference -= macs.hash(ofMAC: row["mac"]) }
        try database.cachedStatement(sql: "DELETE FROM \(table.rawValue) WHERE \(Self.condition(ids))")
            .execute(arguments: StatementArguments(ids.map(\.value)))
    }

    private func rows(of table: Table, where ids: Values) throws -> [Row] {
        try Row.fetchAll(
            database.cachedStatement(sql: "SELECT * FROM \(table.rawValue) WHERE \(Self.condition(ids))"),
            arguments: StatementArguments(ids.map(\.value))
        )
    }

    private func set(
        _ column: String, to value: any DatabaseValueConvertible, in table: Table, where ids: Values
    ) throws {
        try database.cachedStatement(
            sql: "UPDATE \(table.rawValue) SET \(column) = ? WHERE \(Self.condition(ids))"
        ).execute(arguments: [value] + StatementArguments(ids.map(\.value)))
    }

    private static func condition(_ ids: Values) -> String {
        ids.map { "\($0.key) = ?" }.joined(separator: " AND ")
    }
}
