import Testing

@testable import BrokerHTTP

struct HostRuleTests {
    private static let port = 8788

    private func allows(_ field: String?, on host: String, allowed: Set<String> = []) throws -> Bool {
        let rule = try #require(HostRule(on: .tcp(host: host, port: Self.port), isSecured: false, allowed: allowed))
        return (try? rule.check(field)) != nil
    }

    @Test(arguments: ["localhost", "LOCALHOST:8788", "127.0.0.1:1", "[::1]", "[::1]:8788", nil])
    func `a loopback name is right everywhere`(field: String?) throws {
        for host in ["127.0.0.1", "localhost", "0.0.0.0", "::"] { #expect(try allows(field, on: host)) }
    }

    @Test(
        arguments: [
            "10.0.0.7", "10.0.0.7:8788", "[fd00::7]:8788", "token-broker", "token-broker:8788",
            "Token-Broker.sinch.svc",
            "token-broker.sinch.svc.cluster.local", "token-broker.internal",
        ])
    func `what is in no public domain is right where other machines connect, and not on loopback`(field: String) throws
    {
        for host in ["0.0.0.0", "::", "10.0.0.7"] { #expect(try allows(field, on: host)) }
        #expect(try !allows(field, on: "127.0.0.1"))
    }

    @Test(
        arguments: [
            "evil.example.org", "evil.example.org:8788", "10.0.0.7.evil.example.org", "localhost.evil.dev",
            "evil.example.",
            "[evil.example.org]", "10.0.0.7@evil.dev", "token-broker.sinch", "", ":8788", "a:b",
        ])
    func `what can be a page's own is wrong, unless an operator names it`(field: String) throws {
        for host in ["127.0.0.1", "0.0.0.0", "::"] {
            #expect(try !allows(field, on: host))
            #expect(try !allows(field, on: host, allowed: ["broker.example.org"]))
            #expect(try allows("Broker.example.org:8788", on: host, allowed: ["broker.example.org"]))
        }
    }

    @Test func `a browser is led to no Unix socket, and past no certificate`() {
        #expect(HostRule(on: .unix(path: "/a"), isSecured: false, allowed: []) == nil)
        #expect(HostRule(on: .tcp(host: "0.0.0.0", port: Self.port), isSecured: true, allowed: []) == nil)
    }
}
