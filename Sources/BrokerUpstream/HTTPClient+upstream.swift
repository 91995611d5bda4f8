package import AsyncHTTPClient
import Broker
import Foundation
import NIOCore
import NIOSSL

extension HTTPClient.Configuration {
    /// How the authorization server is talked to: verified TLS 1.2 or later, no redirects, no decompression, and no
    /// proxy but the one that is named here.
    ///
    /// As many connections at once as the budget can ask for, so that none is waited for: such a wait would look like
    /// the server's failure.
    ///
    /// - Parameters:
    ///   - authorities: a PEM file with certificate authorities to trust in place of the system's.
    ///   - rate: requests per second at most.
    ///   - burst: requests at once at most, beyond the rate.
    package static func upstream(
        authorities: String?, proxy: (host: String, port: Int)?, rate: Double, burst: Int
    ) throws -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authorities {
            guard let file = FileHandle(forReadingAtPath: authorities) else {
                throw OperatorError.system("cannot open '\(authorities)'")
            }
            do {
                let bytes = try file.readToEnd() ?? Data()
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(bytes)))
            } catch {
                throw OperatorError(
                    .failed, "'\(authorities)' holds no certificates",
                    hint: "name a PEM file with the certificate authority of the token endpoint"
                )
            }
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(3), read: .seconds(5))
        )
        configuration.httpVersion = .http1Only
        configuration.proxy = proxy.map { .server(host: $0.host, port: $0.port) }
        // Shorter than any server's, so that a mint does not meet a connection that is being closed.
        configuration.connectionPool.idleTimeout = .seconds(15)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            burst + Int((rate * (Deadline.attempt / .seconds(1))).rounded(.up))
        return configuration
    }
}
