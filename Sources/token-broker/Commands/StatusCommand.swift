import ArgumentParser
import Broker

struct StatusCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows what is wrong, tokens and budgets at a glance."
    )

    @OptionGroup var output: Output
    @OptionGroup(title: "Settings") var settings: Settings

    func run() async throws {
        try output.print(await perform(StatusReport())) { status in
            status.text + (status.next == nil ? "" : "\nall of them: token-broker project list")
        }
    }
}
