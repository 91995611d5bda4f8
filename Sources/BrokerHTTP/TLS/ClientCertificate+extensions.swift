import Broker
import Crypto
import Foundation
import NIOSSL
import SwiftASN1

extension ClientCertificate {
    /// What a certificate says that BoringSSL has verified; `nil` where it says nothing that can be relied on.
    init?(_ certificate: NIOSSLCertificate) {
        guard let bytes = try? certificate.toDERBytes(), let extensions = try? CertificateExtensions(of: bytes) else {
            return nil
        }
        self.init(
            names: extensions.clientNames,
            expires: Date(timeIntervalSince1970: TimeInterval(certificate.notValidAfter)),
            digest: Array(SHA256.hash(data: bytes))
        )
    }
}

/// The extensions of a certificate that tell clients apart (RFC 5280 §4.2).
private struct CertificateExtensions {
    private static let basicConstraints: ASN1ObjectIdentifier = [2, 5, 29, 19]
    private static let subjectAlternativeName: ASN1ObjectIdentifier = [2, 5, 29, 17]
    /// Where the extensions are in a certificate's first part, and URIs and DNS names among its other names.
    private static let (extensions, uri, dns): (UInt, UInt, UInt) = (3, 6, 2)

    private var isAuthority = false
    private var names: [CertificateName] = []

    init(of certificate: [UInt8]) throws {
        let fields = try DER.parse(certificate).children.first?.children ?? []
        let extensions = fields.first {
            $0.identifier == .init(tagWithNumber: Self.extensions, tagClass: .contextSpecific)
        }
        for node in extensions?.children.first?.children ?? [] {
            guard let first = node.children.first, let last = node.children.last else { continue }
            let value = try DER.parse(ArraySlice(ASN1OctetString(derEncoded: last).bytes))
            switch try ASN1ObjectIdentifier(derEncoded: first) {
            case Self.basicConstraints:
                // The flag is left out where it is false.
                isAuthority = try value.children.first.map { try Bool(derEncoded: $0) } ?? false
            case Self.subjectAlternativeName:
                names = value.children.compactMap(Self.name)
            default:
                continue
            }
        }
    }

    /// None where the certificate may sign others, or has two SPIFFE IDs (X509-SVID §4.1 and §2).
    var clientNames: [CertificateName] {
        let ids = names.count { $0.kind == .uri && $0.name.hasPrefix("spiffe://") }
        return isAuthority || ids > 1 ? [] : names
    }

    private static func name(_ node: ASN1Node) -> CertificateName? {
        guard node.identifier.tagClass == .contextSpecific, case .primitive(let bytes) = node.content,
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        return switch node.identifier.tagNumber {
        case uri: try? CertificateName(.uri, text)
        case dns: try? CertificateName(.dns, text)
        default: nil
        }
    }
}

extension ASN1Node {
    fileprivate var children: [ASN1Node] {
        if case .constructed(let nodes) = content { Array(nodes) } else { [] }
    }
}
