import Broker
import Files
import Glibc

/// Holds the data directory for this process, until it is released or goes out of existence.
package final class DirectoryLock: Sendable {
    private let descriptor: CInt
    /// The files that the group could read or write until now.
    let closedToGroup: [String]

    fileprivate init(_ descriptor: CInt, closedToGroup: [String]) {
        self.descriptor = descriptor
        self.closedToGroup = closedToGroup
    }

    func release() {
        flock(descriptor, LOCK_UN)
    }

    deinit {
        close(descriptor)
    }
}

extension DataDirectory {
    var lockFile: String { path + "/lock" }

    /// Takes the directory for this process, until the lock goes out of existence.
    ///
    /// Throws ``OperatorError/Reason/inUse`` when another process has it.
    package func lock() throws -> DirectoryLock {
        let closedToGroup = closeToGroup()
        try check()
        let descriptor = try openLockFile()
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw OperatorError(
                .inUse, "another token-broker process works in '\(path)'",
                hint: "wait for it to end, or use another --data-dir"
            )
        }
        return DirectoryLock(descriptor, closedToGroup: closedToGroup)
    }

    /// Opens the lock file, or makes it.
    private func openLockFile() throws -> CInt {
        let made = Glibc.open(lockFile, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if made >= 0 {
            do {
                try PrivateFile.giveToDirectoryOwner(made, lockFile, called: "the lock file")
            } catch {
                close(made)
                throw error
            }
            return made
        }
        guard errno == EEXIST else { throw notWritable(errno) }
        // A file that was there is not given away: its name may be a hard link to any file of root's.
        let found = Glibc.open(lockFile, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        guard found >= 0 else { throw notWritable(errno) }
        return found
    }

    private func notWritable(_ code: CInt) -> OperatorError {
        guard code == EACCES || code == EPERM, let status = FileStatus(at: path) else {
            return OperatorError(
                .notPermitted, "cannot write to the data directory '\(path)': \(String(cString: strerror(code)))",
                hint: "mount a writable volume there, or name another directory with --data-dir"
            )
        }
        return OperatorError(
            .notPermitted,
            "user \(geteuid()) cannot write to the data directory '\(path)', which belongs to user \(status.owner) and "
                + "group \(status.group) (mode \(status.octal))",
            hint: "chown \(geteuid()) '\(path)', or run this as user \(status.owner)"
        )
    }
}
