import BrokerSQLite
import Files
import Foundation

/// The files that the broker makes for itself, such as its database and its master key.
struct OwnFiles {
    private let paths: [String]

    init(_ configuration: Configuration) {
        let names = ["token-broker.db", "lock", "client.sock", "admin.sock"]
        let masterKey = configuration.masterKey
        paths =
            names.map { "\(configuration.directory.path)/\($0)" }
            + [masterKey.path, masterKey.newPath].compactMap(\.self)
    }

    /// Whether a path is that of one of these files or of a file named after one, such as `token-broker.db-wal` or
    /// `master.key.new`. The file may be missing.
    func contains(_ file: String) -> Bool {
        let name = (file as NSString).lastPathComponent
        return paths.contains { path in
            let own = (path as NSString).lastPathComponent
            guard name == own || name.hasPrefix(own + ".") || name.hasPrefix(own + "-") else { return false }
            let directory = Self.directory(of: file)
            return directory != nil && directory == Self.directory(of: path)
        }
    }

    private static func directory(of file: String) -> FileStatus.Identity? {
        let directory = (file as NSString).deletingLastPathComponent
        return FileStatus(at: directory.isEmpty ? "." : directory, followingLinks: true)?.identity
    }
}
