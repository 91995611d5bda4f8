import Glibc

/// What the kernel says of a file (stat(2)).
package struct FileStatus: Sendable {
    package enum Kind: Sendable {
        case plain, directory, link, socket, pipe, device, other
    }

    /// Which file it is, whatever name it goes by.
    package struct Identity: Hashable, Sendable, CustomStringConvertible {
        private let device: UInt64
        private let inode: UInt64

        fileprivate init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }

        /// Device and inode, as systemd writes them in `JOURNAL_STREAM`.
        package var description: String { "\(device):\(inode)" }
    }

    package let kind: Kind
    /// Who may do what with it: the last twelve bits of its mode.
    package let permissions: UInt32
    package let owner: UInt32
    package let group: UInt32
    package let identity: Identity
    /// In bytes.
    package let size: Int

    /// The status of the file at a path; `nil` where it cannot be had, and `errno` says why.
    ///
    /// - Parameter followingLinks: whether a symbolic link at the path stands for what it leads to.
    package init?(at path: String, followingLinks: Bool = false) {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(status)
    }

    /// The status of an open file; `nil` where it cannot be had, and `errno` says why.
    package init?(of descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .plain
            case S_IFDIR: .directory
            case S_IFLNK: .link
            case S_IFSOCK: .socket
            case S_IFIFO: .pipe
            case S_IFCHR, S_IFBLK: .device
            default: .other
            }
        permissions = status.st_mode & 0o7777
        owner = status.st_uid
        group = status.st_gid
        identity = Identity(status)
        size = Int(status.st_size)
    }

    /// The permissions as `ls` and `chmod` write them in digits.
    package var octal: String { String(permissions, radix: 8) }
}
