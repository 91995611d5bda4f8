import Broker
import BrokerHTTP
import BrokerSQLite
import BrokerUpstream
import Files
import Foundation
import Glibc
import Logging

/// The settings with every value understood, or a sentence that names the one that is not.
struct Configuration {
    let directory: DataDirectory
    let masterKey: MasterKeyFile
    let listen: [ListenAddress]
    /// For the client listeners beyond loopback.
    let tls: TLSFiles?
    let operations: [ListenAddress]
    let adminSocket: ListenAddress
    /// Whose process may be the running broker: this user's, root's, or that of the owner of a data directory that was
    /// named and that nobody else can write.
    let brokerUsers: Set<UInt32>
    let tokenEndpoint: URL
    /// How the token endpoints are talked to.
    let upstream: UpstreamSettings
    let mintRate: Double
    let mintBurst: Int
    let allowedHosts: Set<String>
    /// What clients know the broker by; `nil` if each listener has an issuer of its own.
    let issuer: IssuerIdentifier?
    let drainDelay: Duration
    /// For ever, when there is none.
    let auditRetention: Duration?
    let logLevel: Logger.Level
    let logFormat: LogFormat

    /// The data directory of the broker that 'make install' and packages install.
    static let installedDirectory = "/var/lib/token-broker"

    /// - Parameter findsInstalled: Whether the installed broker is meant if no data directory is named and there is no './data'.
    init(
        _ settings: Settings, findsInstalled: Bool = false,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let read = SettingReader(environment: environment)
        let (ours, installed) = ("./data", Self.installedDirectory)
        let isInstalled = findsInstalled && FileStatus(at: ours) == nil && FileStatus(at: installed) != nil
        directory = try read("--data-dir", settings.dataDir, or: isInstalled ? installed : ours) { text in
            try DataDirectory(named: Self.path(text))
        }
        let path = directory.path
        let isNamed = settings.dataDir != nil || environment["TOKEN_BROKER_DATA_DIR"] != nil || path == installed
        let status = FileStatus(at: path, followingLinks: true)
        let owner = status.flatMap { isNamed && $0.permissions & 0o022 == 0 ? $0.owner : nil }
        brokerUsers = [geteuid(), 0, owner ?? 0]
        let newMasterKey = try read("--new-master-key-file", settings.newMasterKeyFile, or: "", as: Self.optionalPath)
        masterKey = MasterKeyFile(
            try read("--master-key-file", settings.masterKeyFile, or: path + "/master.key", as: Self.path),
            new: newMasterKey
        )
        adminSocket = try read("--admin-socket", settings.adminSocket, or: path + "/admin.sock") { text in
            try ListenAddress("unix:" + Self.path(text), socketsIn: path)
        }
        operations = try read("--ops-listen", settings.opsListen, or: "localhost:8788") { text in
            try ListenAddress(text, socketsIn: path).bindable
        }
        let allowPlaintext = try read("--allow-plaintext", settings.allowPlaintext ? "true" : nil, or: "false") {
            text in
            guard let allowed = Bool(text) else {
                throw OperatorError(.invalid, "expected true or false")
            }
            return allowed
        }
        let certificate = try read("--tls-certificate-file", settings.tlsCertificateFile, or: "") { $0 }
        let key = try read("--tls-key-file", settings.tlsKeyFile, or: "") { $0 }
        let authorities = try read("--tls-client-ca-file", settings.tlsClientCAFile, or: "") { $0 }
        tls = try Self.tls(certificate: certificate, key: key, authorities: authorities)
        let flags = settings.listen.isEmpty ? nil : settings.listen.joined(separator: ",")
        listen = try read("--listen", flags, or: "localhost:8787,unix:client.sock") { [tls] text in
            let addresses = text.split(separator: ",")
            guard !addresses.isEmpty else { throw OperatorError(.invalid, "no address to listen on is named") }
            return try addresses.flatMap { text in
                let address = try ListenAddress(text.trimmingCharacters(in: .whitespaces), socketsIn: path)
                guard address.isLoopback || allowPlaintext || tls != nil else { throw Self.inTheClear(address) }
                return address.bindable
            }
        }
        tokenEndpoint = try read(
            "--token-endpoint", settings.tokenEndpoint, or: TokenEndpointURL.sinch, as: TokenEndpointURL.checked
        )
        mintRate = try read("--mint-rate", settings.mintRate, or: "5") { text in
            guard let rate = Double(text), (0.01...1000).contains(rate) else {
                throw OperatorError(.invalid, "expected a number of requests per second between 0.01 and 1000")
            }
            return rate
        }
        mintBurst = try read("--mint-burst", settings.mintBurst, or: "10") { text in
            guard let burst = Int(text), (1...1000).contains(burst) else {
                throw OperatorError(.invalid, "expected a number of requests between 1 and 1000")
            }
            return burst
        }
        upstream = UpstreamSettings(
            authoritiesFile: try read("--upstream-ca-file", settings.upstreamCaFile, or: "", as: Self.optionalPath),
            proxy: try read("--upstream-proxy", settings.upstreamProxy, or: "") { text in
                text.isEmpty ? nil : try UpstreamProxy(text)
            },
            proxyCredentialsFile: try read(
                "--upstream-proxy-credentials-file", settings.upstreamProxyCredentialsFile, or: "",
                as: Self.optionalPath
            ),
            rate: mintRate, burst: mintBurst
        )
        allowedHosts = try read("--allowed-hosts", settings.allowedHosts, or: "") { text in
            Set(text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).lowercased() })
        }
        issuer = try read("--issuer-identifier", settings.issuerIdentifier, or: "") { text in
            text.isEmpty ? nil : try IssuerIdentifier(text)
        }
        drainDelay = try read("--drain-delay", settings.drainDelay, or: "0s") { text in
            guard let delay = try? TimeSpan(text), delay.seconds <= 300 else {
                throw OperatorError(.invalid, "expected a length of time up to 5m, such as 5s")
            }
            return .seconds(delay.seconds)
        }
        auditRetention = try read("--audit-retention", settings.auditRetention, or: "") { text in
            if text.isEmpty { return nil }
            guard let span = try? TimeSpan(text), span.seconds >= 86_400 else {
                throw OperatorError(.invalid, "expected a length of time of a day or more, such as 400d")
            }
            return .seconds(span.seconds)
        }
        logLevel = try read("--log-level", settings.logLevel, or: "info") { text in
            guard let level = Logger.Level(rawValue: text) else {
                throw OperatorError(
                    .invalid, "expected one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                )
            }
            return level
        }
        logFormat = try read("--log-format", settings.logFormat, or: LogFormat.usual.rawValue) { text in
            guard let format = LogFormat(rawValue: text) else {
                throw OperatorError(.invalid, "expected json or text")
            }
            return format
        }
    }

    private static func inTheClear(_ address: ListenAddress) -> OperatorError {
        OperatorError(
            .invalid,
            "'\(address)' can be reached from other machines, and tokens would cross the network in the clear",
            hint: "name a certificate with --tls-certificate-file and --tls-key-file, or listen on loopback or a Unix "
                + "socket; --allow-plaintext where the network itself is protected"
        )
    }

    private static func tls(certificate: String, key: String, authorities: String) throws -> TLSFiles? {
        if certificate.isEmpty, key.isEmpty, authorities.isEmpty { return nil }
        guard !certificate.isEmpty, !key.isEmpty else {
            throw OperatorError(
                .invalid, "TLS needs a certificate and its key",
                hint: "name both, with --tls-certificate-file and --tls-key-file"
            )
        }
        return TLSFiles(
            certificate: try path(certificate), key: try path(key),
            clientAuthorities: authorities.isEmpty ? nil : try path(authorities)
        )
    }

    private static func path(_ text: String) throws -> String {
        guard !text.isEmpty else { throw OperatorError(.invalid, "the path is empty") }
        guard !text.contains("://"), !text.contains(/:[^\/]*@/), !MasterKeyFile.isMasterKey(text) else {
            throw OperatorError(.invalid, "expected the path of a file or directory, not a URL or a secret")
        }
        return URL(fileURLWithPath: text).path
    }

    private static func optionalPath(_ text: String) throws -> String? { text.isEmpty ? nil : try path(text) }
}

/// Finds a setting's text and has it understood.
///
/// No error repeats the text: a user may have put a password into it.
private struct SettingReader {
    let environment: [String: String]

    /// Throws ``OperatorError`` with the name of the setting, as it was given, in front.
    func callAsFunction<Value>(
        _ flag: String, _ argument: String?, or standard: String, as understand: (String) throws -> Value
    ) throws -> Value {
        let variable = "TOKEN_BROKER_" + flag.dropFirst(2).uppercased().replacingOccurrences(of: "-", with: "_")
        let name = argument == nil && environment[variable] != nil ? variable : flag
        do {
            return try understand(argument ?? environment[variable] ?? standard)
        } catch let error as OperatorError {
            throw OperatorError(error.reason, "\(name): \(error.message)", hint: error.hint)
        }
    }
}
