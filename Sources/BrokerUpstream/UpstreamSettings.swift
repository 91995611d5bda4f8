import AsyncHTTPClient
import Broker
import Foundation
import NIOCore
import NIOSSL

/// How the broker connects to token endpoints.
package struct UpstreamSettings: Sendable {
    /// What the files hold.
    struct Contents: Equatable {
        let authorities: Data?
        let proxyCredentials: Data?
    }

    /// A PEM file with certificate authorities to trust instead of the system's.
    private let authoritiesFile: String?
    private let proxy: UpstreamProxy?
    /// A file with `user:password` for the proxy.
    private let proxyCredentialsFile: String?
    private let mostConnections: Int

    /// - Parameters:
    ///   - rate: requests per second at most.
    ///   - burst: requests at once at most, beyond the rate.
    package init(
        authoritiesFile: String?, proxy: UpstreamProxy?, proxyCredentialsFile: String?, rate: Double, burst: Int
    ) {
        self.authoritiesFile = authoritiesFile
        self.proxy = proxy
        self.proxyCredentialsFile = proxyCredentialsFile
        // As many as the budget can ask for: waiting for a connection would look like a failure of the token endpoint.
        mostConnections = burst + Int((rate * (Deadline.attempt / .seconds(1))).rounded(.up))
    }

    var hasFiles: Bool { authoritiesFile != nil || proxyCredentialsFile != nil }

    /// - Throws: ``OperatorError`` if a file cannot be read.
    func contents() throws -> Contents {
        Contents(
            authorities: try authoritiesFile.map { try Self.read($0, namedBy: "--upstream-ca-file") },
            proxyCredentials: try proxyCredentialsFile.map {
                try Self.read($0, namedBy: "--upstream-proxy-credentials-file")
            }
        )
    }

    /// Verified TLS 1.2 or later, no redirects, no decompression, no proxy but the one that is named, and a new connection
    /// for each request.
    ///
    /// A connection that is kept would lead to the address that the endpoint's name had, for as long as that answers.
    ///
    /// - Throws: ``OperatorError`` if a file does not hold what it should.
    func configuration(_ contents: Contents) throws -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let pem = contents.authorities {
            guard let roots = try? NIOSSLCertificate.fromPEMBytes(Array(pem)), !roots.isEmpty else {
                throw OperatorError(
                    .failed, "the file that --upstream-ca-file names holds no certificates",
                    hint: "name a PEM file with the certificate authority of the token endpoint"
                )
            }
            tls.trustRoots = .certificates(roots)
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(3), read: .seconds(5))
        )
        configuration.httpVersion = .http1Only
        configuration.proxy = try proxy.map {
            .server(host: $0.host, port: $0.port, authorization: try authorization(contents))
        }
        configuration.maximumUsesPerConnection = 1
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = mostConnections
        return configuration
    }

    private func authorization(_ contents: Contents) throws -> HTTPClient.Authorization? {
        guard let bytes = contents.proxyCredentials else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
        guard let colon = line.firstIndex(of: ":"), colon != line.startIndex, !line.contains(where: \.isNewline) else {
            throw OperatorError(
                .invalid, "the file that --upstream-proxy-credentials-file names does not hold user:password",
                hint: "it has one line: the user name, a colon and the password"
            )
        }
        return .basic(username: String(line[..<colon]), password: String(line[line.index(after: colon)...]))
    }

    /// - Throws: ``OperatorError`` without the path, in the place of which a user may have given a password.
    private static func read(_ path: String, namedBy flag: String) throws -> Data {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw OperatorError.system("cannot open the file that \(flag) names")
        }
        do {
            return try file.readToEnd() ?? Data()
        } catch {
            throw OperatorError(.failed, "the file that \(flag) names cannot be read", hint: "name a plain file")
        }
    }
}
