/// What is left to do of a rotation of the master key.
package enum UnfinishedRotation: Sendable, Equatable {
    /// A new master key is in its file, and the rotation has not begun.
    case notBegun(newFile: String)
    /// Some records are sealed under the master key of an earlier term; `term` is that of the new one.
    case resealing(term: Int, done: Int, total: Int)
    /// Every record is sealed under the new master key, and the master key file has an earlier one.
    case notInPlace(term: Int, newFile: String, file: String)
}
