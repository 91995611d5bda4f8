package import Broker
import Foundation
package import NIOCore

extension Peer {
    /// Asks the kernel once per connection: a Unix socket's peer is who had called `connect`, or `listen` for those who
    /// had.
    package static func of(_ channel: any Channel) -> EventLoopFuture<Peer> {
        guard let address = channel.remoteAddress ?? channel.localAddress else {
            return channel.eventLoop.makeSucceededFuture(Peer(.unknown))
        }
        if let host = address.ipAddress.map(IPNetwork.plain) {
            return channel.eventLoop.makeSucceededFuture(Peer(.address(host, network: IPNetwork.text(of: host))))
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

    /// `struct ucred` of unix(7).
    private struct Credentials: Sendable {
        /// SO_PEERCRED
        static let option: CInt = 17

        var process: Int32
        var user: UInt32
        var group: UInt32
    }
}
