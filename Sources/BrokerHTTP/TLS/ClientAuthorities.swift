import Broker
import Foundation
import SwiftASN1
import X509

/// The authorities that vouch for clients' certificates, as their file was last read.
final class ClientAuthorities: Sendable {
    private let roots: CertificateStore
    /// Ends when other authorities take their place.
    let validity = Validity()

    init(_ authorities: [Certificate]) {
        roots = CertificateStore(authorities)
    }

    /// The first of these certificates, where a chain leads from it to one of the authorities (RFC 5280 §6).
    ///
    /// The work is small: each certificate is tried as the issuer of others once.
    func verify(_ shown: [Certificate]) async throws(CertificateRefusal) -> ClientCertificate {
        guard let leaf = shown.first else { throw CertificateRefusal("there is none") }
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
                    ? "no chain leads from it to an authority that the broker trusts"
                    : "its chain leads to an authority that the broker trusts, but has a certificate that has expired or "
                        + "may not be used so"
            )
        }
    }

    /// One certificate of each name and key. Many of one could be put in order in so many ways that it would take hours
    /// to try them.
    private static func distinct(_ certificates: ArraySlice<Certificate>) -> [Certificate] {
        certificates.reduce(into: []) { kept, certificate in
            let isKnown = kept.contains { $0.subject == certificate.subject && $0.publicKey == certificate.publicKey }
            if !isKnown { kept.append(certificate) }
        }
    }
}

/// What a client's chain must be besides what ``RFC5280Policy`` checks: made for clients, and issued by those who may.
private struct ClientChainPolicy: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        do {
            for (position, certificate) in chain.enumerated() {
                guard try certificate.isForClients else {
                    return .failsToMeetPolicy(reason: "a certificate is not for the authentication of clients")
                }
                let mayBe = try position == 0 ? certificate.maySignHandshakes : certificate.maySignCertificates
                // An authority that the operator has named may be of version 1, as some old ones are.
                guard mayBe, certificate.version == .v3 || position == chain.count - 1 else {
                    return .failsToMeetPolicy(reason: "a certificate may not sign what it has signed")
                }
            }
            return .meetsPolicy
        } catch {
            return .failsToMeetPolicy(reason: "an extension cannot be read: \(error)")
        }
    }
}

extension Certificate {
    /// RFC 5280 §4.2.1.12: without the extension for everything.
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
                    throw CertificateRefusal("it is that of an authority, and not of a client")
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
                throw CertificateRefusal("its extensions cannot be read")
            }
        }
    }
}
