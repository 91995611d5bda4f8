import Broker
import Glibc

/// A file that only the broker's user may read.
package enum PrivateFile {
    /// Reads a small file; refuses a symbolic link, another owner and a lax mode.
    package static func read(_ path: String, called name: String) throws -> [UInt8] {
        let descriptor = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ELOOP {
                throw OperatorError(.notPermitted, "\(name) '\(path)' is a symbolic link", hint: "name the file itself")
            }
            throw OperatorError.system("cannot open \(name) '\(path)'")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw OperatorError.system("cannot examine \(name) '\(path)'") }
        try check(status, path, called: name)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw OperatorError.system("cannot read \(name) '\(path)'") }
        return Array(bytes.prefix(count))
    }

    /// Refuses a file that others than the broker's user may read or write; a file that is not there is none.
    package static func check(_ path: String, called name: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw OperatorError.system("cannot examine \(name) '\(path)'")
        }
        try check(status, path, called: name)
    }

    private static func check(_ status: stat, _ path: String, called name: String) throws {
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw OperatorError(.notPermitted, "\(name) '\(path)' is not a plain file", hint: "name the file itself")
        }
        guard status.st_uid == geteuid() else {
            throw OperatorError(
                .notPermitted,
                "\(name) '\(path)' belongs to user \(status.st_uid), not to user \(geteuid()) who runs this",
                hint: "run as user \(status.st_uid), or: chown \(geteuid()) '\(path)'"
            )
        }
        guard status.st_mode & 0o077 == 0 else {
            throw OperatorError(
                .notPermitted,
                "others than its owner may read or write \(name) '\(path)' (mode \(String(status.st_mode & 0o777, radix: 8)))",
                hint: "chmod go= '\(path)'"
            )
        }
    }

    /// Writes a file that is not there yet, durably, for its owner's eyes only.
    static func create(_ path: String, _ bytes: [UInt8], mode: mode_t, called name: String) throws {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw OperatorError.system("cannot make \(name) '\(path)'") }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            let error = OperatorError.system("cannot write \(name) '\(path)'")
            unlink(path)
            throw error
        }
    }
}
