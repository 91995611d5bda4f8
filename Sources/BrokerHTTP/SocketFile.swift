import Broker
import Foundation
import Glibc

/// A Unix socket's file: a stale one makes way, a live one is never stolen.
package enum SocketFile {
    /// Removes what a broker that is gone left behind; throws ``OperatorError`` when something else is there.
    static func clear(_ path: String) throws {
        // Does not follow a symbolic link.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return }
        guard attributes[.type] as? FileAttributeType == .typeSocket else {
            throw OperatorError(
                .conflict, "'\(path)' is there already and is no socket", hint: "remove it, or listen elsewhere")
        }
        guard try !isListening(path) else {
            throw OperatorError(.inUse, "another process listens on '\(path)'", hint: "end it, or listen elsewhere")
        }
        unlink(path)
    }

    /// Whether a process listens on the socket; throws ``OperatorError`` when we may not even ask.
    package static func isListening(_ path: String) throws -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isTooLong = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: path.utf8.prefix(bytes.count - 1))
            return path.utf8.count >= bytes.count
        }
        guard !isTooLong else {
            throw OperatorError(
                .invalid, "the socket's path '\(path)' is longer than 107 bytes", hint: "name a shorter one")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A full queue lets nobody in, and keeps who knocks waiting.
        var wait = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        if !connected, errno == EACCES || errno == EPERM {
            throw OperatorError(
                .notPermitted, "user \(geteuid()) may not use the socket '\(path)'",
                hint: "run this as the broker's user"
            )
        }
        return connected || errno == EAGAIN
    }
}

/// The mode of the Unix socket that the process binds next, set by the umask.
///
/// chmod(2) after the bind would follow a link that somebody else has put at the socket's path. The umask belongs to the
/// whole process: bind sockets one after the other, and give every other file that is created an explicit mode.
struct BindingMode {
    private let usual: mode_t

    init(_ mode: mode_t) {
        usual = umask(~mode & 0o777)
    }

    /// Restores the umask.
    func end() { umask(usual) }
}
