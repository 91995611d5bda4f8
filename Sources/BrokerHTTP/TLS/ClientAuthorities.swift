import Broker
import Foundation
import SwiftASN1
import X509

/// The authorities that issue client certificates, as read from their file.
final class ClientAuthorities: Sendable {
    private let roots: CertificateStore
    /// Invalidated when other authorities replace these.
    let validity = Validity()

    init(_ authorities: [Certificate]) {
        roots = CertificateStore(authorities)
    }

    /// Verifies that a chain leads from the first of these certificates to one of the authorities (RFC 5280 §6).
    ///
    /// The amount of work is bounded: of certificates with one name and key, only the first is tried as an issuer.
    func verify(_ shown: [Certificate]) async throws(CertificateRefusal) -> ClientCertificate {
        guard let leaf = shown.first else { throw CertificateRefusal("its chain is empty") }
        guard leaf.notValidAfter > Date() else { throw CertificateRefusal("it has expired") }
        guard leaf.notValidBefore <= Date() else { throw CertificateRefusal("it is not valid yet") }
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy()
            ClientChainPolicy()
        }
        switch await verifier.validate(leaf: leaf, intermediates: CertificateStore(Self.distinct(shown.dropFirst()))) {
        case .validCertificate(let chain):
            return ClientCertificate(
                names: try leaf.clientNames, expires: chain.map(\.notValidAfter).min() ?? leaf.notValidAfter,
                validity: validity
            )
        case .couldNotValidate(let failures):
            throw CertificateRefusal(
                failures.isEmpty
                    ? "it was not issued by an authority that the broker trusts"
                    : "its chain includes a certificate that has expired or must not be used this way"
            )
        }
    }

    /// Returns one certificate for each name and key. Several with one name and key can be chained in any order, and the
    /// verifier would try every order.
    private static func distinct(_ certificates: ArraySlice<Certificate>) -> [Certificate] {
        certificates.reduce(into: []) { kept, certificate in
            let isKnown = kept.contains { $0.subject == certificate.subject && $0.publicKey == certificate.publicKey }
            if !isKnown { kept.append(certificate) }
        }
    }
}

/// The rules for a client's chain that ``RFC5280Policy`` does not check: key usage, purpose and version.
private struct ClientChainPolicy: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        do {
            for (position, certificate) in chain.enumerated() {
                guard try certificate.isForClients else {
                    return .failsToMeetPolicy(reason: "a certificate must not be used for client authentication")
                }
                let mayBe = try position == 0 ? certificate.maySignHandshakes : certificate.maySignCertificates
                // Some old authorities have version 1: that is allowed for those that the operator has named.
                guard mayBe, certificate.version == .v3 || position == chain.count - 1 else {
                    return .failsToMeetPolicy(reason: "a certificate must not sign what it has signed")
                }
            }
            return .meetsPolicy
        } catch {
            return .failsToMeetPolicy(reason: "an extension cannot be parsed: \(error)")
        }
    }
}

extension Certificate {
    /// RFC 5280 §4.2.1.12: a certificate without the extension can be used for every purpose.
    fileprivate var isForClients: Bool {
        get throws { try extensions.extendedKeyUsage.map { $0.contains(.clientAuth) || $0.contains(.any) } ?? true }
    }

    /// RFC 5280 §4.2.1.3.
    fileprivate var maySignHandshakes: Bool { get throws { try extensions.keyUsage?.digitalSignature ?? true } }

    /// RFC 5280 §4.2.1.3.
    fileprivate var maySignCertificates: Bool { get throws { try extensions.keyUsage?.keyCertSign ?? true } }

    /// The names that a client can be registered with.
    fileprivate var clientNames: [CertificateName] {
        get throws(CertificateRefusal) {
            do {
                if case .isCertificateAuthority = try extensions.basicConstraints {
                    throw CertificateRefusal("it is a CA certificate")
                }
                let names = try extensions.subjectAlternativeNames.map(Array.init) ?? []
                let uris = names.compactMap { if case .uniformResourceIdentifier(let uri) = $0 { uri } else { nil } }
                // X509-SVID §2.
                if uris.count > 1, uris.contains(where: { $0.lowercased().hasPrefix("spiffe:") }) {
                    throw CertificateRefusal("it has a SPIFFE ID and another URI")
                }
                return names.compactMap { name in
                    switch name {
                    case .uniformResourceIdentifier(let uri): try? CertificateName(.uri, uri)
                    case .dnsName(let host): try? CertificateName(.dns, host)
                    default: nil
                    }
                }
            } catch let refusal as CertificateRefusal {
                throw refusal
            } catch {
                throw CertificateRefusal("its extensions cannot be parsed")
            }
        }
    }
}
