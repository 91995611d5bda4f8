/// How the master key was found while the store is open.
package enum MasterKeyCheck: Sendable, Equatable {
    case works
    /// The process has the key in memory, but its file does not hold it: another start would fail.
    case notInItsFile(reason: String)
    /// The database's keys do not open under it.
    case doesNotOpen
}
