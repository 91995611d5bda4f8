import Broker
import NIOHTTP1
import Testing

@testable import BrokerHTTP

struct APIDescriptionTests {
    @Test func `the document describes every operation, once`() {
        let described = APIDescription.operations.map(\.operation)
        #expect(described.count == APIDescription.Operation.allCases.count)
        #expect(Set(described) == Set(APIDescription.Operation.allCases))
    }
}

struct ServerMetadataTests {
    @Test(arguments: ["broker.example", "broker.example:8443", "10.0.0.7:443", "[2001:db8::1]:443"])
    func `the issuer is who was asked`(host: String) throws {
        let metadata = try ServerMetadata(of: nil, for: ["Host": host], security: .tls)
        #expect(metadata.issuer == "https://\(host)")
        #expect(metadata.tokenEndpoint == "https://\(host)/oauth2/token")
    }

    @Test(arguments: ["", "a/b", "a?b", "a#b", "user@a", "a b", "a\"", "a:port", "ä"])
    func `a host that is none is refused`(host: String) {
        #expect(throws: BrokerError.self) { try ServerMetadata(of: nil, for: ["Host": host], security: .tls) }
    }

    @Test func `HTTP/1.0 without a host is told to name one`() {
        #expect(throws: BrokerError.self) { try ServerMetadata(of: nil, for: [:], security: .none) }
    }

    @Test(
        arguments: [(.none, "http", false), (.tls, "https", false), (.mutualTLS, "https", true)]
            as [(ListenerSecurity, String, Bool)]
    )
    func `scheme and ways of authenticating are the listener's`(
        security: ListenerSecurity, scheme: String, hasCertificates: Bool
    ) throws {
        let metadata = try ServerMetadata(of: nil, for: ["Host": "a"], security: security)
        #expect(metadata.issuer == "\(scheme)://a")
        #expect(metadata.tokenEndpointAuthMethodsSupported.contains("tls_client_auth") == hasCertificates)
    }

    @Test func `an issuer that the operator has set is nobody else's to choose`() throws {
        let issuer = try IssuerIdentifier("https://Tokens.example:8443/sinch")
        let metadata = try ServerMetadata(of: issuer, for: ["Host": "a"], security: .none)
        #expect(metadata.issuer == "https://Tokens.example:8443/sinch")
        #expect(metadata.tokenEndpoint == "https://Tokens.example:8443/sinch/oauth2/token")
        #expect(issuer.host == "tokens.example")
    }

    @Test(
        arguments: [
            "tokens.example", "http://tokens.example", "https://", "https://user@tokens.example",
            "https://user:canary@tokens.example", "https://tokens.example/", "https://tokens.example?a",
            "https://tokens.example#a", "https://tokens example", "https:tokens.example",
        ]
    )
    func `an issuer that RFC 8414 does not allow is refused, and not repeated`(text: String) {
        let error = #expect(throws: OperatorError.self) { try IssuerIdentifier(text) }
        #expect(error?.message.contains("expected an https URL") == true)
        #expect(error?.message.contains("canary") == false)
    }
}
