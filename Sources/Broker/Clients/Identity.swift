/// What a client is recognised by without a secret: the word of the kernel, or of an authority, on who is at the other
/// end of its connection.
package enum Identity: Hashable, Sendable {
    /// A Unix user, on a Unix socket.
    case user(UInt32)
    /// A name in a client certificate.
    case certificate(CertificateName)
}
