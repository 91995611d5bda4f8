/// A dictionary that is swept as it grows: what is settled goes, so that it never holds much more than what is not.
struct SweptDictionary<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private static var smallest: Int { 64 }

    private(set) var values: [Key: Value] = [:]
    private var nextSweep = Self.smallest

    subscript(key: Key) -> Value? { values[key] }

    mutating func remove(_ key: Key) { values[key] = nil }

    /// Sets a value; what is settled may go on this occasion.
    mutating func set(_ value: Value, for key: Key, sweeping isSettled: (Value) -> Bool) {
        if values.count >= nextSweep {
            values = values.filter { !isSettled($0.value) }
            nextSweep = max(Self.smallest, values.count * 2)
        }
        values[key] = value
    }
}
