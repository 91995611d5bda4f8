import NIOSSL

extension Error {
    /// Why a TLS handshake failed, such as `UNSUPPORTED_PROTOCOL`; `nil` if the peer only closed the connection.
    var handshakeReason: String? {
        // The names are BoringSSL's; NIO gives them only as a part of a text.
        guard case .handshakeFailed(.sslError(let errors)) = self as? NIOSSLError,
            let name = errors.first?.description.firstMatch(of: /OPENSSL_internal:(\w+)/)?.1
        else { return nil }
        return name == "HTTP_REQUEST" ? "the peer sent plain HTTP: its URL must begin with https" : String(name)
    }
}
