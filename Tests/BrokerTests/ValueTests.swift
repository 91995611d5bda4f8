import Broker
import Foundation
import Testing

struct ValueTests {
    @Test func `a secret cannot print itself`() {
        let secret = Secret("canary")
        var dumped = ""
        dump([secret], to: &dumped)
        for text in ["\(secret)", "\(Optional(secret) as Any)", String(reflecting: secret), dumped] {
            #expect(!text.contains("canary"))
        }
        #expect(secret.reveal() == "canary")
    }

    @Test(arguments: ["a", "A-b_c.9", String(repeating: "x", count: 128)])
    func `IDs are made of characters that need no encoding anywhere`(text: String) throws {
        #expect(try ProjectID(text).description == text)
    }

    @Test(arguments: ["", ".", "..", "a b", "a/b", "é", "a\n", "a:b", "a%20", String(repeating: "x", count: 129)])
    func `anything else is no ID`(text: String) {
        #expect(throws: BrokerError.self) { try ProjectID(text) }
    }

    @Test func `a scope is a set`() throws {
        #expect(try Scope("b  a b") == Scope("a b"))
        #expect(try Scope("b a").description == "a b")
        #expect(try Scope("").isEmpty)
        #expect(throws: BrokerError.invalidScope) { try Scope("a\"b") }
    }

    @Test(arguments: [
        "https://auth.sinch.com/oauth2/token", "http://127.0.0.1:9080/x", "http://localhost/x", "http://[::1]:1/x",
    ])
    func `a token endpoint is https, or http on this machine`(address: String) throws {
        #expect(try TokenEndpointURL.checked(address).absoluteString == address)
    }

    @Test(arguments: [
        "http://auth.sinch.com/oauth2/token", "ftp://x/y", "auth.sinch.com", "https://", "", "https://user:pw@host/",
        "http://127.0.0.1.evil.com/",
    ])
    func `a key secret is sent nowhere else`(address: String) {
        #expect(throws: OperatorError.self) { try TokenEndpointURL.checked(address) }
    }
}
