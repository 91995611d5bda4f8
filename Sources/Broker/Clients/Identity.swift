/// What a client is recognised by without a secret: the word of the kernel, or of an authority, on who is at the other
/// end of its connection.
package enum Identity: Hashable, Sendable, CustomStringConvertible {
    /// A Unix user, on a Unix socket.
    case user(UInt32)
    /// A name in a client certificate.
    case certificate(CertificateName)

    package var description: String {
        switch self {
        case .user(let user): "uid:\(user)"
        case .certificate(let name): name.description
        }
    }
}
