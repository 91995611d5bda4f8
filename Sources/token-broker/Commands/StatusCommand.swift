import ArgumentParser
import Broker

struct StatusCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows what is wrong, tokens and budgets at a glance.",
        example: "status --watch",
        discussion: "Exits with 1 when somebody has to do something: 'to do' says what."
    )

    /// How often it is shown anew.
    private static let pause: Duration = .seconds(2)

    @Flag(help: "Show it anew every 2 s, until Ctrl-C.")
    var watch = false

    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    func run() async throws {
        if watch { try await showAgainAndAgain() }
        let status = try await perform(StatusReport())
        try output.print(status, orFor: text(of:))
        if status.needsOperator { throw ExitCode.failure }
    }

    /// Only what the running broker says: the database of one that stands still is not opened every two seconds.
    private func showAgainAndAgain() async throws -> Never {
        while true {
            var page = "no broker serves"
            do {
                if let status = try await withRunningBroker({ try await $0.perform(StatusReport()) }) {
                    page = text(of: status)
                    if output.json { try output.printLine(status, orFor: text(of:)) }
                }
            } catch let error as OperatorError {
                page = error.message
            }
            if !output.json { try output.show(page) }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func text(of status: StatusReport.Reply) -> String {
        status.text + (status.next == nil ? "" : "\nall of them: token-broker project list")
    }
}
