import Files
import Foundation
import Glibc

/// The group that may use a Unix socket, for a user who is not in it.
struct SocketGroup {
    let name: String

    /// The group of the socket, or of the directory that hides the socket from this process.
    ///
    /// `nil` if the user may reach the socket, or if the group is root's, which nobody should join for that.
    init?(of socket: String, hiddenFrom user: uid_t) {
        let (othersSearch, othersWrite) = (UInt32(0o001), UInt32(0o002))
        let directory = FileStatus(at: (socket as NSString).deletingLastPathComponent, followingLinks: true)
        let obstacles = [
            FileStatus(at: socket).flatMap { $0.permissions & othersWrite == 0 ? $0 : nil },
            directory.flatMap { $0.permissions & othersSearch == 0 ? $0 : nil },
        ].compactMap(\.self).filter { $0.owner != user }
        guard user != 0, let group = obstacles.first?.group, group != 0, !Self.groups(of: user).contains(group) else {
            return nil
        }
        name = getgrgid(group).map { String(cString: $0.pointee.gr_name) } ?? "\(group)"
    }

    /// The groups of this process if the user runs it, which may be those from before a change; otherwise those of the user.
    private static func groups(of user: uid_t) -> [gid_t] {
        var count: CInt = 1024
        var groups = [gid_t](repeating: 0, count: Int(count))
        if user == geteuid() { return [getegid()] + groups.prefix(Int(max(0, getgroups(count, &groups)))) }
        guard let entry = getpwuid(user) else { return [] }
        guard getgrouplist(entry.pointee.pw_name, entry.pointee.pw_gid, &groups, &count) >= 0 else { return [] }
        return Array(groups.prefix(Int(count)))
    }

    /// What lets a user in.
    func command(for user: uid_t) -> String {
        let user = getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "USER"
        return "adduser \(user) \(name)"
    }
}
