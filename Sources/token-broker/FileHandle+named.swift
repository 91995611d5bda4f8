import Broker
import Files
import Foundation
import Glibc

extension FileHandle {
    /// A file that an operator named, for reading; its status, too.
    ///
    /// Throws ``OperatorError``, of a directory as well.
    ///
    /// - Parameter role: what it is, or the flag that named it.
    static func named(_ path: String, as role: String? = nil) throws -> (file: FileHandle, status: FileStatus) {
        let role = role.map { "\($0): " } ?? ""
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw OperatorError.system("\(role)cannot open '\(path)'")
        }
        guard let status = FileStatus(of: file.fileDescriptor) else {
            throw OperatorError.system("\(role)cannot examine '\(path)'")
        }
        if status.kind == .directory { throw OperatorError(.invalid, "\(role)'\(path)' is a directory") }
        return (file, status)
    }
}
