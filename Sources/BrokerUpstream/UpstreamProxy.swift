import Broker
import Foundation

/// The HTTP proxy between the broker and the token endpoints, which is asked for a tunnel (RFC 9110 §9.3.6).
package struct UpstreamProxy: Sendable, Equatable {
    package let host: String
    package let port: Int

    /// Reads `host:port`, `http://host:port` or `[::1]:3128`.
    ///
    /// - Throws: ``OperatorError`` for any other text. The text may hold a password, so that the error does not repeat it.
    package init(_ text: String) throws {
        guard !text.contains("@") else {
            throw OperatorError(
                .invalid, "the proxy's address has a user name or a password in it",
                hint: "put user:password into a file, and name that with --upstream-proxy-credentials-file"
            )
        }
        let address = text.contains("://") ? text : "http://" + text
        guard let url = URLComponents(string: address), url.scheme?.lowercased() == "http",
            let host = url.host, !host.isEmpty, let port = url.port, (1...65535).contains(port),
            url.path.isEmpty || url.path == "/", url.query == nil, url.fragment == nil
        else {
            throw OperatorError(
                .invalid, "expected the address of an HTTP proxy with its port",
                hint:
                    "such as http://proxy.example.com:3128 or [2001:db8::7]:3128; HTTPS and SOCKS proxies are not supported"
            )
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = port
    }
}
