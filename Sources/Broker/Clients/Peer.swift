/// Who is at the other end of a connection, as the kernel says.
package struct Peer: Sendable, CustomStringConvertible {
    package enum Origin: Sendable, Hashable, CustomStringConvertible {
        /// A Unix user, by SO_PEERCRED.
        case user(UInt32)
        /// An IP address without the port, and the network of those who can have any address in it.
        case address(String, network: String)
        case unknown

        /// Whom strangers are counted as: an address is too easily changed for its neighbour.
        package var neighbourhood: Self {
            if case .address(_, let network) = self { .address(network, network: network) } else { self }
        }

        package var description: String {
            switch self {
            case .user(let user): "uid=\(user)"
            case .address(let address, _): address
            case .unknown: "unknown"
            }
        }
    }

    package let origin: Origin
    /// What it has shown, where it was asked.
    package let certificates: (any ShownCertificates)?

    package init(_ origin: Origin, certificates: (any ShownCertificates)? = nil) {
        self.origin = origin
        self.certificates = certificates
    }

    package var user: UInt32? {
        if case .user(let user) = origin { user } else { nil }
    }

    package var description: String { origin.description }
}
