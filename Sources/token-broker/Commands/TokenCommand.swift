import ArgumentParser
import Broker
import TokenBrokerClient

/// How `token` prints a token.
enum TokenFormat: String, ExpressibleByArgument, CaseIterable {
    case token, header, env, json
}

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Prints a token of a project, fetched as a client.",
        example: "token --project my-project --format header",
        discussion: "In bash: curl -H @<(token-broker token --project my-project --format header) https://…"
    )

    @Option(help: "The project.", transform: ProjectID.argument) var project: ProjectID
    @Option(help: "What is printed.") var format = TokenFormat.token
    @OptionGroup var output: Output
    @OptionGroup(title: "Broker") var client: ClientSettings
    @OptionGroup(visibility: .hidden) var settings: Settings

    private struct Reply: Encodable {
        let accessToken: String
        let expiresIn: Int
        let projectID: ProjectID
    }

    func run() async throws {
        let token = try await client.token(of: project, settings)
        let left = ContinuousClock.now.duration(to: token.expiry).components.seconds
        var output = output
        output.json = output.json || format == .json
        try output.print(Reply(accessToken: token.value, expiresIn: Int(left), projectID: project)) { reply in
            switch format {
            case .header: "Authorization: Bearer \(reply.accessToken)"
            case .env: "SINCH_ACCESS_TOKEN=\(reply.accessToken)"
            case .token, .json: reply.accessToken
            }
        }
    }
}
