import ArgumentParser
import Broker
import BrokerHTTP

/// Settings that are set and mean nothing.
struct SettingChecks {
    private static let prefix = "TOKEN_BROKER_"

    let configuration: Configuration
    let environment: [String: String]
    /// The variables that mean something.
    let known: Set<String>

    init(_ configuration: Configuration, environment: [String: String]) {
        self.configuration = configuration
        self.environment = environment
        // The help is where each of them stands; a client's are in the help of those who are clients.
        let help = Settings.table(columns: 1000) + TokenCommand.helpMessage(columns: 1000)
        known = Set(help.matches(of: /\[(TOKEN_BROKER_[A-Z_]+)\]/).map { String($0.output.1) })
    }

    var findings: [Finding] {
        let set = environment.keys.filter { $0.hasPrefix(Self.prefix) }.sorted()
        let unknown = set.filter { !known.contains($0) }.map { name in
            Finding.warning(
                "settings", "\(name) is set, and means nothing",
                action: name.question(in: known) + "'token-broker help settings' has all of them"
            )
        }
        let idle =
            isOnlyReachedFromHere && configuration.tls != nil
            ? [
                Finding.warning(
                    "settings", "a certificate is named, and no client listener uses it: all of them are loopback's",
                    action: "add an address that others reach with --listen, or leave the certificate out"
                )
            ] : []
        let all = unknown + idle
        let count = set.isEmpty ? "none is set" : "\(set.count) set, each of them known,"
        return all.isEmpty
            ? [.ok("settings", "\(count) in this command's environment; a running broker has its own")] : all
    }

    private var isOnlyReachedFromHere: Bool { configuration.listen.allSatisfy(\.isLoopback) }
}
