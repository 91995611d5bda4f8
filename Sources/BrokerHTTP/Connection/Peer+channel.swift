import Broker
import Foundation
import NIOCore

extension Peer {
    /// Asks the kernel once per connection: a Unix socket's peer is who had called `connect`.
    static func of(_ channel: any Channel) -> EventLoopFuture<Peer> {
        guard let address = channel.remoteAddress ?? channel.localAddress else {
            return channel.eventLoop.makeSucceededFuture(Peer(.unknown))
        }
        if let host = address.ipAddress {
            return channel.eventLoop.makeSucceededFuture(Peer(.address(host, network: network(of: address) ?? host)))
        }
        guard let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(Peer(.unknown))
        }
        return options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: Credentials.option)
        ).map { (credentials: Credentials) in
            // Any user whom our own namespace has no number for, and so nobody in particular (user_namespaces(7)).
            Peer(credentials.user == overflowUser ? .unknown : .user(credentials.user))
        }
        .recover { _ in Peer(.unknown) }
    }

    private static let overflowUser =
        (try? String(contentsOfFile: "/proc/sys/kernel/overflowuid", encoding: .ascii))
        .flatMap { UInt32($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? UnixUser.overflow

    /// The addresses that whoever has one of them can have as well: a machine's loopback ones, and an IPv6 network's
    /// (RFC 4291 §2.5.4); `nil` for an address that stands for itself.
    private static func network(of address: SocketAddress) -> String? {
        switch address {
        case .v4(let v4):
            let number = UInt32(bigEndian: v4.address.sin_addr.s_addr)
            return number >> 24 == 127 ? "127.0.0.0/8" : nil
        case .v6(let v6):
            let bytes = withUnsafeBytes(of: v6.address.sin6_addr) { Array($0) }
            // An IPv4 client of a listener for both (RFC 4291 §2.5.5.2).
            if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) {
                return bytes[12] == 127 ? "127.0.0.0/8" : bytes[12...].map(String.init).joined(separator: ".")
            }
            return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ".") + "/64"
        case .unixDomainSocket:
            return nil
        }
    }

    /// `struct ucred` of unix(7).
    private struct Credentials: Sendable {
        /// SO_PEERCRED
        static let option: CInt = 17

        var process: Int32
        var user: UInt32
        var group: UInt32
    }
}
