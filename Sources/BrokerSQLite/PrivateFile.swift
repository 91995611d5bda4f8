import Broker
import CLinux
import Files
import Foundation
import Glibc

/// A file that nobody else may read.
package enum PrivateFile {
    private static let longest = 4096

    /// Reads a small secret file of this user, of root or, if root runs this, of the directory's owner.
    ///
    /// The group may read the file. All users may read a file of root's that is mounted: Podman, Docker Swarm and Kubernetes
    /// mount secrets with mode 0444 or 0644 unless they are told otherwise, into a container that has one user.
    ///
    /// Kubernetes and systemd put a symbolic link in front of the file.
    ///
    /// - Throws: ``OperatorError`` if the link leads out of its directory, or if the owner or the mode is another.
    package static func read(_ path: String, called name: String) throws -> [UInt8] {
        let directory = try resolved((path as NSString).deletingLastPathComponent, of: path, called: name)
        let target = try resolved(path, of: path, called: name)
        guard target.hasPrefix(directory == "/" ? "/" : directory + "/") else {
            throw OperatorError(
                .notPermitted, "\(name) '\(path)' is a symbolic link that leads out of its directory, to '\(target)'",
                hint: "name the file itself"
            )
        }
        let descriptor = Glibc.open(target, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == EACCES, isMount(path) else {
                throw OperatorError.system("cannot open \(name) '\(path)'")
            }
            throw OperatorError(
                .notPermitted, "user \(geteuid()) cannot read \(name) '\(path)'", hint: mountHint)
        }
        defer { close(descriptor) }
        guard let status = FileStatus(of: descriptor) else {
            throw OperatorError.system("cannot examine \(name) '\(path)'")
        }
        let isMounted = isMount(path)
        try check(
            status, path, called: name, owners: owners(ofFile: target).union([0]),
            forbidden: isMounted && status.owner == 0 ? 0o033 : 0o037, isMounted: isMounted
        )
        var bytes = [UInt8](repeating: 0, count: longest)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw OperatorError.system("cannot read \(name) '\(path)'") }
        // The same memory, so that whoever clears it leaves no copy.
        bytes.removeSubrange(count...)
        return bytes
    }

    /// Whether a file or its directory is a mount of its own, as secrets are in containers.
    private static func isMount(_ path: String) -> Bool {
        let directory = (path as NSString).deletingLastPathComponent
        return [path, directory.isEmpty ? "." : directory].contains { (file: String) in file_is_mount_point(file) == 1 }
    }

    /// How orchestrators mount a secret for this user.
    private static var mountHint: String {
        "mount it for user \(geteuid()): in Kubernetes with defaultMode: 0440 and this user's group as fsGroup, in Podman and "
            + "Docker Swarm with uid=\(geteuid()),mode=0400; if it is a file of the host, give it to user \(geteuid()) there"
    }

    private static func resolved(_ path: String, of file: String, called name: String) throws -> String {
        guard let resolved = realpath(path.isEmpty ? "." : path, nil) else {
            throw OperatorError.system("cannot open \(name) '\(file)'")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Refuses a file that other users can read or write; a missing file passes.
    package static func check(_ path: String, called name: String) throws {
        guard let status = FileStatus(at: path) else {
            if errno == ENOENT { return }
            throw OperatorError.system("cannot examine \(name) '\(path)'")
        }
        try check(status, path, called: name, owners: owners(ofFile: path), forbidden: 0o077)
    }

    /// The users whose file this process accepts: its own and, for root, the owner of the directory, who can replace the file
    /// anyway.
    private static func owners(ofFile path: String) -> Set<uid_t> {
        geteuid() == 0 ? Set([0, directory(ofFile: path)?.owner].compactMap(\.self)) : [geteuid()]
    }

    private static func directory(ofFile path: String) -> FileStatus? {
        let directory = (path as NSString).deletingLastPathComponent
        return FileStatus(at: directory.isEmpty ? "." : directory, followingLinks: true)
    }

    /// - Parameters:
    ///   - forbidden: the bits of the mode that must not be set.
    ///   - isMounted: whether it is a mounted secret, which an orchestrator sets the owner and the mode of.
    private static func check(
        _ status: FileStatus, _ path: String, called name: String, owners: Set<uid_t>, forbidden: mode_t,
        isMounted: Bool = false
    ) throws {
        guard status.kind == .plain else {
            throw OperatorError(.notPermitted, "\(name) '\(path)' is not a plain file", hint: "name the file itself")
        }
        guard owners.contains(status.owner) else {
            throw OperatorError(
                .notPermitted,
                "\(name) '\(path)' belongs to user \(status.owner), not to user \(geteuid()) who runs this",
                hint: isMounted ? mountHint : "run as user \(status.owner), or: chown \(geteuid()) '\(path)'"
            )
        }
        guard status.permissions & forbidden == 0 else {
            throw OperatorError(
                .notPermitted,
                "\(name) '\(path)' is readable or writable by other users (mode \(status.octal))",
                hint: isMounted && status.owner != geteuid() ? mountHint : "chmod go= '\(path)'"
            )
        }
    }

    /// Returns a unique path in a file's directory, for the file until it is complete.
    package static func draft(of path: String) -> String { "\(path).draft-\(UUID().uuidString)" }

    /// Creates and opens an empty file; throws ``OperatorError`` if the path exists.
    package static func open(new path: String, mode: UInt32, called name: String) throws -> CInt {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw OperatorError.system("cannot make \(name) '\(path)'") }
        return descriptor
    }

    /// If root runs this, gives an open file to the owner of its directory: the user who runs the broker.
    static func giveToDirectoryOwner(_ descriptor: CInt, _ path: String, called name: String) throws {
        guard geteuid() == 0, let directory = directory(ofFile: path), directory.owner != 0 else { return }
        guard fchown(descriptor, directory.owner, directory.group) == 0 else {
            throw OperatorError.system("cannot give \(name) '\(path)' to user \(directory.owner)")
        }
    }

    /// Writes a file that is not there yet, whole and durably or not at all, for its owner's eyes only.
    ///
    /// - Parameter givesToDirectoryOwner: whether the owner is that of the directory, if root runs this.
    package static func create(
        _ path: String, _ bytes: [UInt8], mode: UInt32, called name: String, givesToDirectoryOwner: Bool = false
    ) throws {
        let draft = draft(of: path)
        let descriptor = try open(new: draft, mode: mode, called: name)
        defer {
            close(descriptor)
            unlink(draft)
        }
        if givesToDirectoryOwner { try giveToDirectoryOwner(descriptor, path, called: name) }
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw OperatorError.system("cannot write \(name) '\(path)'")
        }
        try publish(draft, as: path, called: name)
    }

    /// Gives a finished file its name, durably; refuses to take the place of another.
    static func publish(_ draft: String, as path: String, called name: String) throws {
        guard file_rename_to_new(draft, path) == 0 else {
            throw OperatorError.system("cannot make \(name) '\(path)'")
        }
        try syncDirectory(of: path, called: name)
    }

    /// Gives a finished file its name, durably, in the place of another.
    package static func replace(_ path: String, by draft: String, called name: String) throws {
        guard rename(draft, path) == 0 else { throw OperatorError.system("cannot make \(name) '\(path)'") }
        try syncDirectory(of: path, called: name)
    }

    /// Makes the names in a file's directory durable.
    package static func syncDirectory(of path: String, called name: String) throws {
        let parent = (path as NSString).deletingLastPathComponent
        let directory = Glibc.open(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw OperatorError.system("cannot make \(name) '\(path)' durable") }
    }
}
