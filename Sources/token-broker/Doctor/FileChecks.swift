import Broker
import BrokerSQLite
import Files
import Foundation
import Glibc

/// Files, modes, owners, free space, and where the master key lies.
struct FileChecks {
    /// So little is left that an hour's audit may fill it.
    private static let (fewBytes, hardlyAnyBytes) = (256 << 20, 16 << 20)

    let configuration: Configuration

    var findings: [Finding] {
        (foreignOwner.map { [$0] } ?? [directory, masterKey]) + [space, fileSystem].compactMap(\.self)
    }

    private var path: String { configuration.directory.path }

    /// Files are judged by what the broker's user may do.
    private var foreignOwner: Finding? {
        // What is root's may have been handed over to the broker's user.
        guard let owner = FileStatus(at: path, followingLinks: true)?.owner, owner != geteuid(), owner != 0 else {
            return nil
        }
        return .warning(
            "data directory", "'\(path)' belongs to user \(owner), and this is user \(geteuid())",
            action: "ask again as user \(owner): the files were not looked at"
        )
    }

    private var directory: Finding {
        let name = "data directory"
        do {
            try configuration.directory.check()
        } catch {
            return .problem(name, error)
        }
        guard access(path, W_OK) == 0 else {
            return .problem(
                name, "user \(geteuid()) cannot write to '\(path)': \(String(cString: strerror(errno)))",
                action: "mount it writable, or give it to user \(geteuid())"
            )
        }
        do {
            try configuration.directory.checkDatabase()
        } catch {
            return .problem(name, error)
        }
        return .ok(name, "'\(path)' and the database in it are private, of user \(geteuid())")
    }

    private var space: Finding? {
        guard let free = configuration.directory.freeBytes else { return nil }
        let text = "\(free.formatted(.byteCount(style: .binary))) are free in '\(path)'"
        let action = "make room: without it nothing is minted and nothing handed out anew"
        if free < Self.hardlyAnyBytes { return .problem("free space", text, action: action) }
        return free < Self.fewBytes ? .warning("free space", text, action: action) : .ok("free space", text)
    }

    private var fileSystem: Finding? {
        configuration.directory.unfitFileSystem.map {
            .warning("file system", "the database lies in \($0)", action: "put the data directory on a local disk")
        }
    }

    private var masterKey: Finding {
        let name = "master key"
        let file = configuration.masterKey.path
        do {
            try configuration.masterKey.check()
        } catch {
            return .problem(name, error)
        }
        guard !file.hasPrefix(path + "/") else {
            return .warning(
                name, "'\(file)' lies beside the database, so that one copy has both",
                action: "in production put it on another volume, and name it with --master-key-file"
            )
        }
        return .ok(name, "'\(file)' is private, and away from the database")
    }
}
