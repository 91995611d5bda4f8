import ArgumentParser
import Broker
import BrokerSQLite
import Foundation

struct ApplyCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Makes keys, clients and grants what a file wants.",
        example: "apply -f registry.yaml --dry-run",
        discussion: "All of it, or nothing; a second time it changes nothing. docs/operations.md shows a file.")

    private static let longest = 4 << 20
    /// Keys and clients that are named, of those that the file does not have.
    private static let mostNames = 20

    @Option(name: [.short, .long], help: "The file, in YAML or JSON; '-' is standard input.") var file: String
    @Flag(
        name: .customLong("init"),
        help: "Make the data directory, the master key and the database first, if there is no database.")
    var makesWhatIsMissing = false
    @Flag(help: "Remove keys and clients that it does not name, too.") var prune = false
    @Flag(help: "Only show what would change.") var dryRun = false
    @Flag(help: "With --dry-run: exit with 3 if something would change.") var exitCode = false
    @Flag(help: "Store keys without minting with them first.") var noVerify = false
    @Option(help: "A token endpoint that no registered key uses yet, and that keys of the file may use; repeatable.")
    var allowEndpoint: [String] = []
    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    func validate() throws {
        if exitCode, !dryRun { throw ValidationError("--exit-code needs --dry-run") }
        if makesWhatIsMissing, dryRun {
            throw ValidationError("--init makes a database, and --dry-run changes nothing")
        }
    }

    func run() async throws {
        let name = file == "-" ? "standard input" : file
        let configuration = try Configuration(settings, findsInstalled: true)
        let files = SecretFiles(of: file, except: OwnFiles(configuration))
        let document = try RegistryDocument(try text(), called: name, naming: files)
        if makesWhatIsMissing { try await Init.makeWhatIsMissing(configuration, logger: .silent) }
        let reply = try await withAdministration(reading: .everything) { broker in
            var application = RegistryApplication(
                document.wanted, allowing: allowEndpoint, prune: prune, verify: !noVerify, dryRun: true)
            let plan = try await perform(application, by: broker)
            if dryRun || plan.changes.isEmpty { return plan }
            application.wanted.clients = try document.clients(withSecretsOf: Set(plan.newSecrets))
            application.dryRun = false
            return try await perform(application, by: broker)
        }
        try output.print(reply) { text($0, secretFiles: document.secretFiles) }
        if exitCode, !reply.changes.isEmpty { throw Self.differs }
    }

    /// No error has this code.
    private static let differs = ExitCode(3)

    private func text() throws -> String {
        let handle = file == "-" ? .standardInput : try FileHandle.named(file).file
        let bytes = try handle.read(upToCount: Self.longest + 1) ?? Data()
        guard bytes.count <= Self.longest, let text = String(data: bytes, encoding: .utf8) else {
            throw OperatorError(.invalid, "'\(file)' is not text, or has more than \(Self.longest >> 20) MiB")
        }
        return text
    }

    private func perform(
        _ application: RegistryApplication, by broker: any Administration
    ) async throws -> RegistryApplication.Reply {
        try await Progress.shown("waiting for the broker") { try await broker.perform(application) }
    }

    private func text(_ reply: RegistryApplication.Reply, secretFiles: [ClientID: String]) -> String {
        let end =
            reply.changes.isEmpty
            ? "nothing to change: all is as '\(file)' wants it" : reply.applied ? "applied" : "not applied: a dry run"
        let secrets = reply.newSecrets.compactMap { client in
            secretFiles[client].map { "the secret of client \(client) \(reply.applied ? "is" : "would be") in '\($0)'" }
        }
        let doubts = ClientCommand.doubts(reply.projectsWithoutKeys, similar: reply.similarProjects)
        return (reply.changes.map(\.line) + [end] + secrets + unnamed(reply) + doubts).joined(separator: "\n")
    }

    private func unnamed(_ reply: RegistryApplication.Reply) -> [String] {
        let names = reply.unnamedKeys.map { "key \($0)" } + reply.unnamedClients.map { "client \($0)" }
        if names.isEmpty { return [] }
        let more = names.count > Self.mostNames ? " and \(names.count - Self.mostNames) more" : ""
        return ["not in '\(file)', and kept: \(names.prefix(Self.mostNames).joined(separator: ", "))\(more)"]
    }
}

extension PlannedChange {
    fileprivate var line: String {
        let sign =
            switch action {
            case .add: "+"
            case .change: "~"
            case .remove: "-"
            }
        let subject = keyID.map { "key \($0)" } ?? clientID.map { "client \($0)" } ?? ""
        let project = projectID.map { " of project \($0)" } ?? ""
        return "\(sign) \(subject)\(project)" + (details.isEmpty ? "" : "; " + details.joined(separator: "; "))
    }
}
