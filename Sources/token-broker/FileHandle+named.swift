import Broker
import Files
import Foundation
import Glibc

extension FileHandle {
    /// A file that an operator named, for reading; its status, too.
    ///
    /// Throws ``OperatorError``, of a directory as well.
    ///
    /// - Parameters:
    ///   - role: what it is, or the flag that named it.
    ///   - waits: whether to wait for the other end of a named pipe.
    static func named(
        _ path: String, as role: String? = nil, waits: Bool = true
    ) throws -> (file: FileHandle, status: FileStatus) {
        let role = role.map { "\($0): " } ?? ""
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw OperatorError.system("\(role)cannot open '\(path)'") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard let status = FileStatus(of: descriptor) else {
            throw OperatorError.system("\(role)cannot examine '\(path)'")
        }
        if status.kind == .directory { throw OperatorError(.invalid, "\(role)'\(path)' is a directory") }
        return (file, status)
    }
}
