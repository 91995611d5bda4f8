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
        let metadata = try ServerMetadata(for: ["Host": host], security: .tls)
        #expect(metadata.issuer == "https://\(host)")
        #expect(metadata.tokenEndpoint == "https://\(host)/oauth2/token")
    }

    @Test(arguments: ["", "a/b", "a?b", "a#b", "user@a", "a b", "a\"", "a:port", "ä"])
    func `a host that is none is refused`(host: String) {
        #expect(throws: BrokerError.self) { try ServerMetadata(for: ["Host": host], security: .tls) }
    }

    @Test func `HTTP/1.0 without a host is told to name one`() {
        #expect(throws: BrokerError.self) { try ServerMetadata(for: [:], security: .none) }
    }

    @Test(
        arguments: [(.none, "http", false), (.tls, "https", false), (.mutualTLS, "https", true)]
            as [(ListenerSecurity, String, Bool)]
    )
    func `scheme and ways of authenticating are the listener's`(
        security: ListenerSecurity, scheme: String, hasCertificates: Bool
    ) throws {
        let metadata = try ServerMetadata(for: ["Host": "a"], security: security)
        #expect(metadata.issuer == "\(scheme)://a")
        #expect(metadata.tokenEndpointAuthMethodsSupported.contains("tls_client_auth") == hasCertificates)
    }
}
