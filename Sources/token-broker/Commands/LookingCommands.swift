import ArgumentParser
import Broker

struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Shows the projects.", subcommands: [List.self]
    )

    struct List: AdminCommand {
        static let configuration = CommandConfiguration(abstract: "Shows projects with their keys, clients and tokens.")

        @OptionGroup var output: Output
        @OptionGroup(title: "Settings") var settings: Settings

        func run() async throws {
            try output.print(await perform(ProjectListing())) { $0.projects.table }
        }
    }
}

struct TokenCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Fetches a token of a project and prints it, for scripts."
    )

    @Option(help: "The project.") var project: ProjectID
    @OptionGroup var output: Output
    @OptionGroup(title: "Settings") var settings: Settings

    func run() async throws {
        try output.print(await perform(TokenFetch(projectID: project)), orFor: \.accessToken)
    }
}

struct StatusCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows tokens, quarantines and budgets at a glance."
    )

    @OptionGroup var output: Output
    @OptionGroup(title: "Settings") var settings: Settings

    func run() async throws {
        try output.print(await perform(StatusReport())) { status in
            var lines = [status.projects.table, "", "clients: \(status.clientCount)"]
            lines += status.quarantinedKeys.map { "key \($0) is in quarantine: the authorization server refuses it" }
            lines += status.budgets.map { "\($0.tokenEndpoint): \($0.remaining) mints left in the budget now" }
            lines += status.breakers.map { "\($0.tokenEndpoint) keeps failing and is asked again in \($0.probeIn) s" }
            return lines.joined(separator: "\n")
        }
    }
}

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Reads the audit log.", subcommands: [List.self]
    )

    struct List: AdminCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the newest audit records, newest first.")

        @Option(help: "How many at most.") var limit = 100
        @OptionGroup var output: Output
        @OptionGroup(title: "Settings") var settings: Settings

        func validate() throws {
            guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit is between 1 and 1000000") }
        }

        func run() async throws {
            try output.print(await perform(AuditListing(limit: limit))) { listing in
                Table(
                    headings: ["TIME", "WHO", "WHAT", "PROJECT", "KEY", "CLIENT", "TOKEN", "OUTCOME"],
                    rows: listing.entries.map { entry in
                        [
                            entry.at, entry.actor, entry.action, entry.projectID ?? "-", entry.keyID ?? "-",
                            entry.clientID ?? "-", entry.token ?? "-", entry.outcome,
                        ]
                    }
                ).text(empty: "no records")
            }
        }
    }
}

extension [ProjectReport] {
    fileprivate var table: String {
        Table(
            headings: ["PROJECT", "TOKEN", "KEYS", "CLIENTS"],
            rows: map { project in
                [
                    project.projectID.description, project.token.text,
                    project.keys.map { "\($0.keyID) (\($0.quarantined ? "quarantined" : $0.state.rawValue))" }
                        .joined(separator: ", "),
                    project.clients.map(\.description).joined(separator: ", "),
                ]
            }
        ).text(empty: "no projects; register a key: token-broker key add --project PROJECT --key-id ID")
    }
}
