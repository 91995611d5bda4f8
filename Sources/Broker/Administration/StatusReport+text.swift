import Foundation

extension StatusReport.Reply {
    /// The same for people, on a terminal or in a browser without scripts.
    package var text: String {
        var lines = [headline]
        for problem in problems {
            lines += ["", "\(problem.subject): \(problem.state) since \(Optional(problem.since).text)"]
            lines += [
                ("what", problem.message), ("why", problem.reason), ("clients", problem.effect),
                ("to do", problem.action),
            ]
            .compactMap { name, text in text.map { "  \(name): \($0)" } }
        }
        if problemCount > problems.count { lines.append("and \(problemCount - problems.count) more problems") }
        if problems.isEmpty, serving?.ready ?? true { lines.append("no problems") }
        lines += over.prefix(5).map { problem in
            "over: \(problem.subject) was \(problem.state) from \(Optional(problem.since).text) to \(problem.end.text)"
        }
        lines += unfinished.flatMap { ["unfinished \($0.subject): \($0.message)", "  to do: \($0.action)"] }
        lines += [
            "",
            "projects: \(projectCount), keys: \(keyCount), clients: \(clientCount), "
                + "tokens: \(tokenCount), of which to be refreshed now: \(refreshDueCount)",
        ]
        lines += budgets.map {
            "\($0.tokenEndpoint): \($0.remaining) of \($0.burst) requests left in the budget now, "
                + "\($0.perSecond.formatted()) more per second"
        }
        lines += breakers.map { "\($0.tokenEndpoint) keeps failing; the next request is sent in \($0.probeIn) s" }
        lines.append("last backup: \(lastBackupAt.map { Optional($0).text } ?? "none")")
        return (lines + ["", projects.table]).joined(separator: "\n")
    }

    private var headline: String {
        guard let serving else { return "no broker serves: this is what the database says" }
        let ready = serving.ready ? "ready" : "not ready (\(serving.failedChecks.joined(separator: ", ")))"
        return
            "token-broker \(serving.version) (\(serving.commit)), since \(Optional(serving.startedAt).text): \(ready)"
    }
}
