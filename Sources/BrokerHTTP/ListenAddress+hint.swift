import Foundation
import Glibc

extension ListenAddress {
    /// What to do about an error of bind(2).
    func hint(forBinding code: CInt) -> String {
        switch (self, code) {
        case (_, EADDRINUSE): "another process listens there: end it, or listen elsewhere"
        case (.tcp, EADDRNOTAVAIL): "name an address of this machine ('ip address' lists them), localhost, or *"
        case (.tcp, EACCES): "ports below 1024 need the capability CAP_NET_BIND_SERVICE: use a port from 1024 up"
        case (.unix(let path), ENOENT), (.unix(let path), ENOTDIR):
            "make the directory '\(directory(of: path))', for user \(geteuid())"
        case (.unix(let path), EACCES), (.unix(let path), EPERM), (.unix(let path), EROFS):
            "user \(geteuid()) must be able to write to the directory '\(directory(of: path))'"
        default: "listen elsewhere"
        }
    }

    private func directory(of socket: String) -> String { (socket as NSString).deletingLastPathComponent }
}
