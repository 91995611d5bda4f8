import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Why there was no connection, in words for an operator: the libraries' own name their source files and addresses.
enum ConnectionTrouble {
    static func description(of error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            let why = error.connectionErrors.first.map { description(of: $0.error) }
            return "cannot connect to \(error.host):\(error.port): \(why ?? "there is no address for that name")"
        case let error as IOError:
            return String(cString: strerror(error.errnoCode))
        case let error as HTTPClientError where error == .proxyAuthenticationRequired:
            return "the proxy answers 407: it needs credentials, or refuses those in --upstream-proxy-credentials-file"
        case let error as HTTPClientError where error == .invalidProxyResponse:
            return "the proxy does not connect to the token endpoint"
        case let error as HTTPClientError:
            return error.shortDescription.lowercased()
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            return "the TLS handshake failed: " + reason(in: "\(error)")
        default:
            return "\(error)"
        }
    }

    /// BoringSSL's name for what went wrong, such as CERTIFICATE_VERIFY_FAILED.
    private static func reason(in text: String) -> String {
        let name = text.firstMatch(of: /[A-Z0-9]+(_[A-Z0-9]+)+/).map { String($0.output.0) } ?? "\(text.prefix(80))"
        return name == "CERTIFICATE_VERIFY_FAILED"
            ? name + ", its certificate is by no authority that is trusted here (see --upstream-ca-file)" : name
    }
}
