import Broker
import CLinux
import Files
import Foundation
import Glibc

/// The directory that holds the database, and by default the sockets and the master key.
package struct DataDirectory: Sendable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// The directory that an operator names, or a private one in it if every user may write to that.
    ///
    /// Provisioners of local volumes make such directories, for instance those of k3s and kind. With a database in it the
    /// directory is meant itself, and is refused.
    ///
    /// - Throws: ``OperatorError`` if the private directory belongs to another user.
    package init(named path: String) throws {
        self.init(path)
        guard let status = FileStatus(at: path, followingLinks: true), status.kind == .directory,
            status.permissions & 0o002 != 0, !hasDatabase
        else { return }
        self.init(path + "/token-broker")
        guard let own = FileStatus(at: self.path), own.owner != geteuid(), own.owner != 0 else { return }
        throw OperatorError(
            .notPermitted,
            "every user may write to '\(path)', and '\(self.path)' belongs to user \(own.owner), not to user "
                + "\(geteuid()) who runs this",
            hint: "run this as user \(own.owner), or name '\(self.path)' with --data-dir if you trust that user"
        )
    }

    package var database: String { path + "/token-broker.db" }
    package var hasDatabase: Bool { FileManager.default.fileExists(atPath: database) }

    /// The files of a database that SQLite keeps next to the database file: its write-ahead log, the WAL's index, and the
    /// journal of a database without a WAL (https://sqlite.org/tempfiles.html).
    private var companions: [String] {
        ["-wal", "-shm", "-journal"].map { database + $0 }.filter { FileStatus(at: $0) != nil }
    }

    /// What its file system has left for us; `nil` where that is not known.
    package var freeBytes: Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    /// What keeps a database badly: no disk at all, or one that another machine answers for; `nil` where nothing is known.
    package var unfitFileSystem: String? {
        // By their magic numbers (statfs(2)).
        switch UInt32(truncatingIfNeeded: file_system_type(path)) {
        case 0x0102_1994: "memory (tmpfs): nothing in it outlives a restart of the machine"
        case 0x6969: "NFS"
        case 0x517B, 0xFF53_4D42, 0xFE53_4D42: "SMB"
        case 0x0102_1997: "9p"
        case 0x00C3_6400: "Ceph"
        default: nil
        }
    }

    /// Makes the database where there is none: whole, or not at all.
    ///
    /// - Parameter fill: makes it under another name, of a file that is empty.
    func makeDatabase<Value>(
        holding lock: DirectoryLock, _ fill: (_ path: String) async throws -> Value
    ) async throws -> Value {
        guard !hasDatabase else {
            throw OperatorError(
                .conflict, "there is a database in '\(path)' already",
                hint:
                    "'token-broker serve' runs it; to replace it, first move \(Self.list([database] + companions)) to "
                    + "another directory"
            )
        }
        try checkCompanions()
        removeDrafts(holding: lock)
        let draft = PrivateFile.draft(of: database)
        defer { removeDrafts(holding: lock) }
        let descriptor = try PrivateFile.open(new: draft, mode: 0o600, called: "the database")
        do {
            defer { close(descriptor) }
            try PrivateFile.giveToDirectoryOwner(descriptor, draft, called: "the database")
        }
        let value = try await fill(draft)
        // Where SQLite did not, and before the directory is synced.
        unlink(draft + "-wal")
        try PrivateFile.publish(draft, as: database, called: "the database")
        return value
    }

    /// Throws ``OperatorError`` if there is no database, or one that SQLite would add another database's journal to.
    package func checkDatabase() throws {
        guard hasDatabase else {
            try checkCompanions()
            throw OperatorError(
                .failed, "there is no database in '\(path)'",
                hint: "'token-broker init' makes one; or name another --data-dir"
            )
        }
        let journal = database + "-journal"
        guard FileStatus(at: journal) == nil else {
            throw OperatorError(
                .conflict, "'\(journal)' was not written by the broker: its database has no journal, only a WAL",
                hint: "move '\(journal)' to another directory"
            )
        }
    }

    /// Throws ``OperatorError`` if there are files of a database that is not there: SQLite would add them to a new one.
    private func checkCompanions() throws {
        guard companions.isEmpty else {
            throw OperatorError(
                .conflict, "'\(database)' is missing, but \(Self.list(companions)) of a database remains",
                hint: "put the missing file back; if you do not need that database any more, move "
                    + "\(Self.list(companions)) to another directory"
            )
        }
    }

    private static func list(_ files: [String]) -> String {
        files.map { "'\($0)'" }.joined(separator: " and ")
    }

    /// Removes the drafts of databases, backups and master keys in the directory.
    ///
    /// - Parameter lock: Shows that no other process still writes a draft.
    package func removeDrafts(holding lock: DirectoryLock) {
        for file in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
            let halves = file.components(separatedBy: ".draft-")
            guard halves.count == 2, halves[0] == "token-broker.db" || halves[0].hasPrefix("master.key"),
                UUID(uuidString: String(halves[1].prefix(36))) != nil
            else { continue }
            unlink(path + "/" + file)
        }
    }

    /// Whether a file is in the directory or in a subdirectory, also if its path leads there through a symbolic link.
    package func contains(_ file: String) -> Bool {
        guard let own = FileStatus(at: path, followingLinks: true)?.identity else { return false }
        let url = URL(fileURLWithPath: file)
        let parents = [url.deletingLastPathComponent(), url.resolvingSymlinksInPath().deletingLastPathComponent()]
        return parents.contains { parent in
            sequence(first: parent.resolvingSymlinksInPath()) { $0.path == "/" ? nil : $0.deletingLastPathComponent() }
                .contains { FileStatus(at: $0.path)?.identity == own }
        }
    }

    /// Makes the directory, durably, for its owner, and for its group to reach the sockets in it.
    package func create() throws {
        let files = FileManager.default
        let missing = Array(
            sequence(first: URL(fileURLWithPath: path)) { $0.deletingLastPathComponent() }
                .prefix { !files.fileExists(atPath: $0.path) }
        )
        do {
            try files.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750]
            )
        } catch {
            let isForbidden = (error as? CocoaError)?.code == .fileWriteNoPermission
            throw OperatorError(
                isForbidden ? .notPermitted : .failed,
                "user \(geteuid()) cannot make the data directory '\(path)': \(error.localizedDescription)",
                hint: (isForbidden ? "make it for user \(geteuid()), or " : "") + "name another with --data-dir"
            )
        }
        do {
            for directory in missing { try PrivateFile.syncDirectory(of: directory.path, called: "the data directory") }
        } catch {
            // Whoever tries again finds nothing that is there and not durable.
            for directory in missing { rmdir(directory.path) }
            throw error
        }
    }

    /// The groups that this process is in.
    private static var groups: [gid_t] {
        var groups = [gid_t](repeating: 0, count: Int(max(0, getgroups(0, nil))))
        let count = getgroups(CInt(groups.count), &groups)
        return groups.prefix(Int(max(0, count))) + [getegid()]
    }

    /// Takes away the rights that this process's group has on this user's files in the directory, and returns the paths.
    ///
    /// At each mount of a volume, kubelet gives the pod's `fsGroup` the right to read and write every file. Files that
    /// other groups or all users can read stay as they are: they are refused.
    func closeToGroup() -> [String] {
        // In another user's directory there may be a hard link to any file of root's.
        guard let owner = FileStatus(at: path, followingLinks: true)?.owner, owner == geteuid() || owner == 0 else {
            return []
        }
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
            .filter { $0 == "lock" || $0.hasPrefix("token-broker.db") || $0.hasPrefix("master.key") }
        let closed = files.map { path + "/" + $0 }.filter { Self.withdraw(0o070, from: $0, ifIs: .plain) }
        // The group reaches the sockets through the directory.
        return (Self.withdraw(0o020, from: path, ifIs: .directory) ? [path] : []) + closed
    }

    /// Removes rights of this process's group from a file of this user's, and returns whether the group had them.
    private static func withdraw(_ rights: mode_t, from path: String, ifIs kind: FileStatus.Kind) -> Bool {
        let descriptor = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard let status = FileStatus(of: descriptor), status.kind == kind, status.owner == geteuid(),
            groups.contains(status.group), status.permissions & rights != 0, status.permissions & 0o002 == 0
        else { return false }
        return fchmod(descriptor, status.permissions & ~rights) == 0
    }

    /// Throws ``OperatorError`` where the directory or the database in it is not there, or not private.
    package func check() throws {
        guard let status = FileStatus(at: path) else {
            if errno == ENOENT {
                throw OperatorError(
                    .failed, "the data directory '\(path)' is not there",
                    hint: "'token-broker init' makes it; or name another with --data-dir"
                )
            }
            throw OperatorError.system("cannot examine the data directory '\(path)'")
        }
        guard status.kind == .directory else {
            throw OperatorError(.failed, "'\(path)' is not a directory", hint: "name the data directory itself")
        }
        // Orchestrators hand over a volume that is root's and that a group of ours may write.
        let isHandedOver = status.owner == 0 && Self.groups.contains(status.group)
        guard status.permissions & (isHandedOver ? 0o002 : 0o022) == 0 else {
            throw OperatorError(
                .notPermitted,
                "the data directory '\(path)' is writable by other users (mode \(status.octal))",
                hint: "chmod go-w '\(path)', or name a directory in it with --data-dir: 'token-broker init' makes that"
            )
        }
        try PrivateFile.check(database, called: "the database")
    }
}
