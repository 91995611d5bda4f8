import Broker
import Foundation
import NIOHTTP1

/// The authorization server metadata of a listener (RFC 8414 §2), for clients that are given an issuer alone.
struct ServerMetadata: Encodable {
    let issuer: String
    let tokenEndpoint: String
    /// There is no authorization endpoint.
    let responseTypesSupported: [String] = []
    let grantTypesSupported = ["client_credentials"]
    let tokenEndpointAuthMethodsSupported: [String]

    /// - Parameters:
    ///   - identifier: the issuer that the operator has set; if `nil`, the issuer is the host that the request names.
    ///   - fields: the fields of the request.
    ///   - security: the listener's. A loopback listener has an issuer with `http`, which RFC 8414 does not allow.
    /// - Throws: ``BrokerError/invalidRequest(_:)`` if the issuer depends on the request, and the request names no host.
    init(of identifier: IssuerIdentifier?, for fields: HTTPHeaders, security: ListenerSecurity) throws {
        issuer = try identifier?.description ?? Self.issuer(for: fields, security: security)
        tokenEndpoint = issuer + "/oauth2/token"
        tokenEndpointAuthMethodsSupported =
            ["client_secret_basic", "client_secret_post"]
            + (security == .mutualTLS ? ["tls_client_auth"] : [])
    }

    private static func issuer(for fields: HTTPHeaders, security: ListenerSecurity) throws -> String {
        let issuer = "\(security == .none ? "http" : "https")://\(fields.first(name: "Host") ?? "")"
        guard let parts = URLComponents(string: issuer, encodingInvalidCharacters: false), parts.host?.isEmpty == false,
            parts.user == nil, parts.path.isEmpty, parts.query == nil, parts.fragment == nil
        else {
            throw BrokerError.invalidRequest("the issuer is the host that a request names: send it as the Host field")
        }
        return issuer
    }
}
