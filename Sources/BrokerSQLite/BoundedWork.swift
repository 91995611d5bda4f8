import GRDBSQLite

/// The limit of steps of SQLite's virtual machine: a thousand times the steps that reading our schema takes.
private let mostSteps: CInt = 10_000_000

/// Interrupts statements that exceed the limit, since a crafted file can make them run forever
/// (https://sqlite.org/c3ref/progress_handler.html).
func withBoundedWork<Value>(of connection: OpaquePointer?, _ work: () throws -> Value) rethrows -> Value {
    sqlite3_progress_handler(connection, mostSteps, { _ in 1 }, nil)
    defer { sqlite3_progress_handler(connection, 0, nil, nil) }
    return try work()
}
