import Broker
import Foundation
import Glibc

extension FileHandle {
    /// A file that an operator named, for reading; its status, too.
    ///
    /// Throws ``OperatorError``, of a directory as well.
    ///
    /// - Parameter role: what it is, or the flag that named it.
    static func named(_ path: String, as role: String? = nil) throws -> (file: FileHandle, status: stat) {
        let role = role.map { "\($0): " } ?? ""
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw OperatorError.system("\(role)cannot open '\(path)'")
        }
        var status = stat()
        guard fstat(file.fileDescriptor, &status) == 0 else {
            throw OperatorError.system("\(role)cannot examine '\(path)'")
        }
        if status.st_mode & S_IFMT == S_IFDIR { throw OperatorError(.invalid, "\(role)'\(path)' is a directory") }
        return (file, status)
    }
}
