import ArgumentParser
import Broker

struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Shows the projects.", subcommands: [List.self]
    )

    struct List: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows projects with their keys, clients and tokens.", example: "project list --limit 20")

        @OptionGroup var paging: Paging<Project>
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings

        func run() async throws {
            try output.print(await perform(ProjectListing(page: try paging.page()))) { listing in
                listing.projects.table + Paging.more(after: listing.next)
            }
        }
    }
}
