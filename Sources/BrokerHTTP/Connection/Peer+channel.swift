import Broker
import NIOCore

extension Peer {
    /// Asks the kernel once per connection: a Unix socket's peer is who had called `connect`.
    static func of(_ channel: any Channel) -> EventLoopFuture<Peer> {
        guard let address = channel.remoteAddress ?? channel.localAddress else {
            return channel.eventLoop.makeSucceededFuture(Peer(.unknown))
        }
        if let host = address.ipAddress { return channel.eventLoop.makeSucceededFuture(Peer(.address(host))) }
        guard let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(Peer(.unknown))
        }
        return options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: Credentials.option)
        ).map { (credentials: Credentials) in Peer(.user(credentials.user)) }
            .recover { _ in Peer(.unknown) }
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
