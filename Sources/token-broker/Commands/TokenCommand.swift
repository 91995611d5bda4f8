import ArgumentParser
import Broker

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
