import Broker
import Foundation
import Glibc

/// The directory that holds the database, and by default the sockets and the master key.
package struct DataDirectory: Sendable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    package var database: String { path + "/token-broker.db" }
    private var lockFile: String { path + "/lock" }

    /// Makes the directory, for its owner, and for its group to reach the sockets in it.
    package func create() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750]
            )
        } catch {
            guard (try? FileManager.default.contentsOfDirectory(atPath: path)) == nil else { return }
            throw OperatorError(
                .notPermitted,
                "user \(geteuid()) cannot make the data directory '\(path)': \(error.localizedDescription)",
                hint: "make it for user \(geteuid()), or name another with --data-dir"
            )
        }
    }

    /// Takes the directory for this process, until the lock goes out of existence.
    ///
    /// Throws ``OperatorError/Reason/inUse`` when another process has it.
    package func lock() throws -> DirectoryLock {
        try check()
        let descriptor = Glibc.open(lockFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw OperatorError(
                .notPermitted,
                "user \(geteuid()) cannot write to the data directory '\(path)': \(String(cString: strerror(errno)))",
                hint: "give it to user \(geteuid()), or run as its owner"
            )
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw OperatorError(
                .inUse, "another token-broker process works in '\(path)'",
                hint: "wait for it to end, or use another --data-dir"
            )
        }
        return DirectoryLock(descriptor)
    }

    private func check() throws {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT {
                throw OperatorError(
                    .failed, "the data directory '\(path)' is not there",
                    hint: "'token-broker init' makes it; or name another with --data-dir"
                )
            }
            throw OperatorError.system("cannot examine the data directory '\(path)'")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw OperatorError(.failed, "'\(path)' is not a directory", hint: "name the data directory itself")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw OperatorError(
                .notPermitted, "others than its owner may write to the data directory '\(path)'",
                hint: "chmod go-w '\(path)'"
            )
        }
        try PrivateFile.check(database, called: "the database")
    }
}

/// Holds the data directory for this process, until it is released or goes out of existence.
package final class DirectoryLock: Sendable {
    private let descriptor: CInt

    fileprivate init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    func release() {
        flock(descriptor, LOCK_UN)
    }

    deinit {
        close(descriptor)
    }
}
