import ArgumentParser
import Broker
import BrokerHTTP
import BrokerSQLite
import Foundation
import Logging
import Testing

@testable import token_broker

/// Every setting that has a wrong form, given as a flag and by environment.
struct ConfigurationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let flag: String
        let value: String
        var variable: String {
            "TOKEN_BROKER_" + flag.dropFirst(2).uppercased().replacing("-", with: "_")
        }
        var testDescription: String { "\(flag)=\(value)" }
    }

    private static let longPath = "/tmp/" + String(repeating: "x", count: 120)
    private static let malformed: [String: [String]] = [
        "--data-dir": [""],
        "--master-key-file": [""],
        "--listen": [
            "nonsense", "127.0.0.1", "127.0.0.1:99999", "unix:", "unix:" + longPath, "127.0.0.1:0,nonsense", ",",
            "0.0.0.0:0", "[::]:0",
        ],
        "--ops-listen": ["nonsense", "127.0.0.1:port"],
        "--admin-socket": ["", longPath],
        "--token-endpoint": [
            "nonsense", "", "ftp://auth.example/oauth2/token", "http://auth.example/oauth2/token",
            "https://user:password@auth.example/oauth2/token",
        ],
        "--upstream-ca-file": ["user:password@host", "https://auth.example/ca.pem"],
        "--upstream-proxy": [
            "nonsense", "proxy.example:port", "proxy.example:0", ":80", "https://proxy.example:3128",
            "http://proxy.example:3128/path", "user:password@proxy.example:3128", "http://proxy.example", "[::1]",
        ],
        "--mint-rate": ["fast", "0", "-1", "nan", "inf", "1e-30", "1e-300", "1001"],
        "--mint-burst": ["many", "0", "1.5", "1001"],
        "--drain-delay": ["5", "soon", "-5s", "6m"],
        "--log-level": ["loud", "INFO"],
        "--log-format": ["xml"],
    ]
    static let rows = malformed.flatMap { flag, values in values.map { Row(flag: flag, value: $0) } }

    private func configuration(_ flags: [String] = [], environment: [String: String] = [:]) throws -> Configuration {
        try Configuration(Settings.parse(flags), environment: environment)
    }

    // The parser itself refuses a flag whose value is empty.
    @Test(arguments: rows.filter { !$0.value.isEmpty })
    func `a malformed flag is refused and named`(row: Row) {
        let error = #expect(throws: OperatorError.self) { try configuration(["\(row.flag)=\(row.value)"]) }
        #expect(error?.reason == .invalid)
        #expect(error?.message.hasPrefix(row.flag + ": ") == true, "\(error?.message ?? "")")
    }

    @Test(arguments: rows + [Row(flag: "--allow-plaintext", value: "perhaps")])
    func `a malformed variable is refused and named`(row: Row) {
        let error = #expect(throws: OperatorError.self) { try configuration(environment: [row.variable: row.value]) }
        #expect(error?.reason == .invalid)
        #expect(error?.message.hasPrefix(row.variable + ": ") == true, "\(error?.message ?? "")")
    }

    @Test func `a flag wins over the environment, which wins over the default`() throws {
        let environment = ["TOKEN_BROKER_MINT_RATE": "7", "TOKEN_BROKER_MINT_BURST": "nonsense"]
        let configuration = try configuration(["--mint-burst=8"], environment: environment)
        #expect(configuration.mintRate == 7)
        #expect(configuration.mintBurst == 8)
        #expect(configuration.logLevel == .info)
    }

    @Test func `what is not given has its documented default`() throws {
        let configuration = try configuration(["--data-dir=/somewhere"])
        #expect(configuration.directory.path == "/somewhere")
        #expect(configuration.masterKey.path == "/somewhere/master.key")
        func loopback(_ port: Int) -> [ListenAddress] { ListenAddress.tcp(host: "localhost", port: port).bindable }
        #expect(configuration.listen == loopback(8787) + [.unix(path: "/somewhere/client.sock")])
        #expect(configuration.operations == loopback(8788))
        #expect(configuration.adminSocket.description == "unix:/somewhere/admin.sock")
        #expect(configuration.tokenEndpoint.absoluteString == "https://auth.sinch.com/oauth2/token")
        #expect(configuration.mintRate == 5)
        #expect(configuration.mintBurst == 10)
        #expect(configuration.allowedHosts.isEmpty)
        #expect(configuration.drainDelay == .zero)
    }

    @Test func `listening to the world has to be said out loud`() throws {
        let error = #expect(throws: OperatorError.self) { try configuration(["--listen=0.0.0.0:0"]) }
        #expect(error?.hint?.contains("--allow-plaintext") == true)
        _ = try configuration(["--listen=0.0.0.0:0", "--allow-plaintext"])
        _ = try configuration(["--listen=0.0.0.0:0"], environment: ["TOKEN_BROKER_ALLOW_PLAINTEXT": "true"])
    }
}
