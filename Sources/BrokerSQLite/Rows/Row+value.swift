import Foundation
import GRDB

extension Row {
    /// A column's value; throws where the file holds one that the schema does not allow.
    func value<Value: DatabaseValueConvertible>(_ column: String, as type: Value.Type = Value.self) throws -> Value {
        guard let value = Value.fromDatabaseValue(self[column] as DatabaseValue) else {
            throw DamagedValue(column: column)
        }
        return value
    }

    func optional<Value: DatabaseValueConvertible>(_ column: String, as type: Value.Type = Value.self) throws -> Value?
    {
        try (self[column] as DatabaseValue).isNull ? nil : value(column)
    }

    func date(_ column: String) throws -> Date { Date(millisecondsSince1970: try value(column)) }

    func optionalDate(_ column: String) throws -> Date? {
        try optional(column).map(Date.init(millisecondsSince1970:))
    }
}

/// A value that the schema does not allow.
struct DamagedValue: Error, CustomStringConvertible {
    let column: String
    var description: String { "column \(column) has a value that it cannot have" }
}
