import Broker
import NIOCore

extension Peer {
    /// The peer of the connection that the current request came over.
    @TaskLocal static var current = Peer(.unknown)

    /// Asks the kernel once per connection: a Unix socket's peer is who had called `connect`.
    init(of channel: any Channel) async {
        guard let address = channel.remoteAddress ?? channel.localAddress else {
            self.init(.unknown)
            return
        }
        if let host = address.ipAddress {
            self.init(.address(host))
        } else if let options = channel as? any SocketOptionProvider,
            let credentials: Credentials = try? await options.unsafeGetSocketOption(
                level: .socket, name: NIOBSDSocket.Option(rawValue: Credentials.option)
            ).get()
        {
            self.init(.user(credentials.user))
        } else {
            self.init(.unknown)
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
