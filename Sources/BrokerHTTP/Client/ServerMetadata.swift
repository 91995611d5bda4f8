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
    ///   - fields: of the request, whose `Host` is the issuer's: whoever asked reaches the listener by it.
    ///   - security: of the listener. A loopback one has an issuer with `http`, which RFC 8414 does not know.
    ///
    /// Throws ``BrokerError/invalidRequest(_:)`` where the request names no host.
    init(for fields: HTTPHeaders, security: ListenerSecurity) throws {
        issuer = "\(security == .none ? "http" : "https")://\(fields.first(name: "Host") ?? "")"
        guard let parts = URLComponents(string: issuer, encodingInvalidCharacters: false), parts.host?.isEmpty == false,
            parts.user == nil, parts.path.isEmpty, parts.query == nil, parts.fragment == nil
        else {
            throw BrokerError.invalidRequest("the issuer is the host that a request names: send it as the Host field")
        }
        tokenEndpoint = issuer + "/oauth2/token"
        tokenEndpointAuthMethodsSupported =
            ["client_secret_basic", "client_secret_post"]
            + (security == .mutualTLS ? ["tls_client_auth"] : [])
    }
}
