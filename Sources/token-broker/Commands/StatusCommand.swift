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
            var lines = status.problems.map { "\($0.subject): \($0.state) since \(Optional($0.since).text)" }
            if status.problemCount > status.problems.count {
                lines.append("and \(status.problemCount - status.problems.count) more problems")
            }
            if lines.isEmpty { lines.append("no problems") }
            lines.append(
                "projects: \(status.projectCount), keys: \(status.keyCount), clients: \(status.clientCount), "
                    + "tokens: \(status.tokenCount), of which to be refreshed now: \(status.refreshDueCount)"
            )
            lines += status.budgets.map { "\($0.tokenEndpoint): \($0.remaining) mints left in the budget now" }
            lines += status.breakers.map {
                "\($0.tokenEndpoint) keeps failing; the next request is sent in \($0.probeIn) s"
            }
            lines += ["", status.projects.table]
            if status.projectCount > status.projects.count { lines.append("all of them: token-broker project list") }
            return lines.joined(separator: "\n")
        }
    }
}
