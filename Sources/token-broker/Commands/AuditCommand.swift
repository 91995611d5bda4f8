import ArgumentParser
import Broker

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Reads the audit log.", subcommands: [List.self]
    )

    struct List: AdminCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the newest audit records, newest first.")

        @Option(help: "How many are shown at most.") var limit = 100
        @Option(help: "Only what was recorded before this sequence number.") var before: Int64?
        @OptionGroup var output: Output
        @OptionGroup(title: "Settings") var settings: Settings

        func run() async throws {
            try output.print(await perform(AuditListing(before: before, limit: limit))) { listing in
                Table(
                    headings: ["TIME", "WHO", "WHAT", "PROJECT", "KEY", "CLIENT", "TOKEN", "OUTCOME"],
                    rows: listing.entries.map { entry in
                        [
                            entry.at, entry.actor, entry.action, entry.projectID ?? "-", entry.keyID ?? "-",
                            entry.clientID ?? "-", entry.token ?? "-", entry.outcome,
                        ]
                    }
                ).text(empty: "no records") + (listing.next.map { "\nthere may be more: --before \($0)" } ?? "")
            }
        }
    }
}
