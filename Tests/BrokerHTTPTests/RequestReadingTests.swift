import Broker
import Foundation
import NIOHTTP1
import Testing

@testable import BrokerHTTP

struct RequestReadingTests {
    @Test(arguments: [
        ("a=1&b=2", ["a": "1", "b": "2"]), ("a=b+c%20d%2B", ["a": "b c d+"]), ("a=%C3%A9", ["a": "é"]), ("", [:]),
        ("a&b=", [:]), ("&&a=1&", ["a": "1"]), ("a=1=2", ["a": "1=2"]),
    ])
    func `a form is decoded, and an empty value is none`(text: String, values: [String: String]) throws {
        let form = try FormFields(text.utf8)
        for name in ["a", "b"] { #expect(form[name] == values[name]) }
    }

    @Test(arguments: ["a=%zz", "a=%f", "a=%", "a=%ff", "%zz=1"])
    func `a form with bad encoding is refused`(text: String) {
        #expect(throws: BrokerError.self) { try FormFields(text.utf8) }
    }

    @Test(arguments: ["a=1&a=2", "a=1&%61=2"])
    func `a form with a parameter twice is refused, and the parameter is named`(text: String) {
        #expect(throws: RequestRefusal.repeated("a")) { try FormFields(text.utf8) }
    }

    @Test(
        arguments: [
            (nil, false), ("*/*", false), ("text/plain", true), ("TEXT/PLAIN", true), ("application/json", false),
            ("application/json, text/plain, */*", false), ("text/plain;q=0.1, application/json", false),
            ("application/json;q=0.5, text/plain", true), ("text/plain, */*", true), ("text/plain;q=0", false),
        ] as [(String?, Bool)])
    func `plain text is for those who prefer it`(field: String?, text: Bool) {
        #expect(Accept.prefersText(field) == text)
    }

    @Test(arguments: [
        ("127.0.0.2:1", true), ("localhost:1", true), ("LOCALHOST:1", true), ("[::1]:1", true),
        ("[0:0:0:0:0:0:0:1]:1", true), ("127.evil.example:1", false), ("0.0.0.0:1", false), ("10.0.0.1:1", false),
        ("[::]:1", false), ("unix:/x", true),
    ])
    func `loopback is an address and not a name that looks like one`(text: String, isLoopback: Bool) throws {
        #expect(try ListenAddress(text, socketsIn: "/data").isLoopback == isLoopback)
    }

    private func claim(_ authorization: [String], form: String = "") throws -> ClientClaim {
        let fields = HTTPHeaders(authorization.map { ("Authorization", $0) })
        return try ClientClaim(fields, form: FormFields(form.utf8))
    }

    private func basic(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    @Test(arguments: ["Basic", "basic", "BASIC"])
    func `Basic is read in any case, both halves form-decoded, split at the first colon`(scheme: String) throws {
        let claim = try claim(["\(scheme) \(basic("cli%2Dent:a:b+c%25"))"])
        #expect(claim.id == "cli-ent")
        #expect(claim.secret?.reveal() == "a:b c%")
    }

    @Test func `an ID without a secret is a claim by user`() throws {
        let claim = try claim(["Basic \(basic("client:"))"])
        #expect(claim.id == "client" && claim.secret == nil)
    }

    @Test(arguments: ["Bearer x", "Basic", "Basic !!!", "Basic YWJj", "Basic Og==", "Basic /zo=", "Basic OnNlY3JldA=="])
    func `any other Authorization is a claim that is of no use`(value: String) throws {
        #expect(try !claim([value]).isUsable)
        #expect(throws: BrokerError.self) { try claim([value], form: "client_id=a&client_secret=s") }
    }

    @Test func `two ways of authenticating at once are refused, a matching ID is not`() throws {
        let field = "Basic \(basic("a:s"))"
        #expect(try claim([field], form: "client_id=a").secret?.reveal() == "s")
        #expect(try claim([], form: "client_id=a&client_secret=t").secret?.reveal() == "t")
        for form in ["client_secret=s", "client_id=a&client_secret=s", "client_id=b"] {
            #expect(throws: BrokerError.self) { try claim([field], form: form) }
        }
        #expect(throws: BrokerError.self) { try claim([field, field]) }
    }

    @Test(arguments: [
        ("127.0.0.1:8787", ListenAddress.tcp(host: "127.0.0.1", port: 8787)), ("[::1]:1", .tcp(host: "::1", port: 1)),
        ("localhost:0", .tcp(host: "localhost", port: 0)), ("unix:/run/x.sock", .unix(path: "/run/x.sock")),
    ])
    func `an address to listen on is read as it is written`(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress(text, socketsIn: "/data") == address)
        #expect(address.description == text)
    }

    @Test func `a relative path of a socket begins in the data directory`() throws {
        #expect(try ListenAddress("unix:client.sock", socketsIn: "/data") == .unix(path: "/data/client.sock"))
    }

    @Test(arguments: [
        "", "8787", ":8787", "host:", "host:x", "host:65536", "unix:", "unix:" + String(repeating: "a", count: 108),
    ])
    func `anything else is no address`(text: String) {
        #expect(throws: OperatorError.self) { try ListenAddress(text, socketsIn: "/data") }
    }
}
