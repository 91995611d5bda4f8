import Broker
import Foundation
import NIOSSL
import X509

/// The files with the listeners' certificate, its key, and the authorities that issue client certificates.
package struct TLSFiles: Sendable {
    private let certificate: String
    private let key: String
    private let clientAuthorities: String?

    /// - Parameters:
    ///   - certificate: PEM, the leaf first.
    ///   - clientAuthorities: PEM; `nil` where no client shows a certificate.
    package init(certificate: String, key: String, clientAuthorities: String?) {
        self.certificate = certificate
        self.key = key
        self.clientAuthorities = clientAuthorities
    }

    /// Whether clients are asked for certificates.
    var haveClientAuthorities: Bool { clientAuthorities != nil }

    /// What is in the files.
    struct Contents: Equatable {
        let certificate: Data
        let key: Data
        let clientAuthorities: Data?
    }

    /// Reads the files; throws ``OperatorError`` with the name of the one that cannot be read.
    func contents() throws -> Contents {
        try Contents(
            certificate: Self.read(certificate), key: Self.read(key),
            clientAuthorities: clientAuthorities.map(Self.read)
        )
    }

    /// What the contents mean; throws ``OperatorError`` where they mean nothing together.
    func configuration(_ contents: Contents) throws -> TLSConfiguration {
        let chain = try Self.certificates(in: contents.certificate, of: certificate)
        guard let key = try? NIOSSLPrivateKey(bytes: Array(contents.key), format: .pem) else {
            throw OperatorError(.invalid, "'\(key)' has no private key in it", hint: "it is a PEM file, not encrypted")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if haveClientAuthorities {
            // The handshake only asks for a certificate; each request that needs it verifies it (`ShownChain`).
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates([])
        }
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw OperatorError(
                .invalid, "the key in '\(self.key)' is not that of the certificate in '\(certificate)'",
                hint: "replace both at once; for as long as they do not fit, a running broker keeps those it has"
            )
        }
        return configuration
    }

    /// The authorities that issue client certificates; `nil` if no file is configured.
    ///
    /// - Throws: ``OperatorError`` if the file has no certificate, or one that cannot be parsed.
    func authorities(_ contents: Contents) throws -> [Certificate]? {
        guard let pem = contents.clientAuthorities, let path = clientAuthorities else { return nil }
        return try Self.certificates(in: pem, of: path).enumerated().map { number, certificate in
            do {
                return try Certificate(certificate)
            } catch {
                throw OperatorError(
                    .invalid, "certificate \(number + 1) in '\(path)' cannot be used: \(error)",
                    hint: "authorities sign with ECDSA, Ed25519 or RSA (PKCS #1 v1.5)"
                )
            }
        }
    }

    /// When each certificate of each file expires.
    func expiries(_ contents: Contents) throws -> [CertificateExpiry] {
        let files = [
            ("server", contents.certificate, certificate),
            ("client_authorities", contents.clientAuthorities, clientAuthorities),
        ]
        return try files.flatMap { name, pem, path -> [CertificateExpiry] in
            guard let pem, let path else { return [] }
            return try Self.certificates(in: pem, of: path).map {
                CertificateExpiry(
                    file: name, path: path, notBefore: Date(timeIntervalSince1970: Double($0.notValidBefore)),
                    notAfter: Date(timeIntervalSince1970: Double($0.notValidAfter))
                )
            }
        }
    }

    private static func read(_ path: String) throws -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw OperatorError(.invalid, "'\(path)' cannot be read: \(error.localizedDescription)")
        }
    }

    private static func certificates(in pem: Data, of path: String) throws -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(pem)), !certificates.isEmpty else {
            throw OperatorError(.invalid, "'\(path)' has no certificate in it", hint: "it is a PEM file")
        }
        return certificates
    }
}
