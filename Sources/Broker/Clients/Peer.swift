/// Who is at the other end of a connection, as the kernel says.
package struct Peer: Sendable, Hashable, CustomStringConvertible {
    package enum Origin: Sendable, Hashable {
        /// A Unix user, by SO_PEERCRED.
        case user(UInt32)
        /// An IP address without the port, and the network of those who can have any address in it.
        case address(String, network: String)
        case unknown
    }

    package let origin: Origin
    /// What it has shown, where it was asked.
    package let certificate: ClientCertificate?

    package init(_ origin: Origin, certificate: ClientCertificate? = nil) {
        self.origin = origin
        self.certificate = certificate
    }

    /// What a client may be recognised by.
    var identities: [Identity] {
        if let user { return [.user(user)] }
        return certificate?.names.map { .certificate($0) } ?? []
    }

    /// Whom strangers are counted as: an address is too easily changed for its neighbour.
    package var neighbourhood: Self {
        if case .address(_, let network) = origin { Peer(.address(network, network: network)) } else { Peer(origin) }
    }

    package var user: UInt32? {
        if case .user(let user) = origin { user } else { nil }
    }

    package var description: String {
        switch origin {
        case .user(let user): "uid=\(user)"
        case .address(let address, _): address
        case .unknown: "unknown"
        }
    }
}
