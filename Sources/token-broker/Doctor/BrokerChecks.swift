import Broker
import Foundation

/// What the broker says of itself: whether it serves, what is wrong, its keys, and whether its budget is enough.
struct BrokerChecks {
    /// So many keys are named one by one.
    private static let most = 10
    /// The lifetime of Sinch's tokens, in seconds.
    private static let usualLifetime = 3600

    let status: StatusReport.Reply
    let projects: [ProjectReport]

    var findings: [Finding] { [serving] + database + [backup] + unfinished + problems + mints + capacity }

    private var serving: Finding {
        guard let serving = status.serving else {
            return .problem("broker", "none runs", action: "start it: token-broker serve")
        }
        let version = "\(serving.version) (\(serving.commit)), since \(Optional(serving.startedAt).text)"
        guard serving.ready else {
            return .problem(
                "broker", "\(version), is not ready: \(serving.failedChecks.joined(separator: ", "))",
                action: "what is wrong is named below"
            )
        }
        return .ok("broker", "\(version), is ready")
    }

    /// Nothing where it is among the problems.
    private var database: [Finding] {
        guard Set(["store", "master_key"]).isDisjoint(with: status.serving?.failedChecks ?? []) else { return [] }
        return [
            .ok(
                "database",
                "opens under the master key; projects: \(status.projectCount), keys: \(status.keyCount), "
                    + "clients: \(status.clientCount), tokens: \(status.tokenCount)"
            )
        ]
    }

    /// After as many hours as the alert `TokenBrokerBackupOld`, and also if there has been no backup.
    private var backup: Finding {
        let finding = status.lastBackupAt.map { "the last one is of \(Optional($0).text)" } ?? "none is recorded"
        if let last = status.lastBackupAt, status.time.timeIntervalSince(last) <= 26 * 3600 {
            return .ok("backup", finding)
        }
        return .warning(
            "backup", finding,
            action: "run 'token-broker backup FILE'; docs/disaster-recovery.md makes a backup every hour"
        )
    }

    private var unfinished: [Finding] {
        status.unfinished.map { .warning($0.subject, "unfinished: \($0.message)", action: $0.action) }
    }

    private var problems: [Finding] {
        let rest = status.problemCount - status.problems.count
        let more = Finding.problem("broker", "\(rest) more problems", action: "mend those that are named")
        return status.problems.map { problem in
            let reason = problem.reason.map { ": \($0)" } ?? ""
            let text = "\(problem.state) since \(Optional(problem.since).text)\(reason). Clients: \(problem.effect)"
            return problem.needsOperator
                ? .problem(problem.subject, text, action: problem.action)
                : .warning(problem.subject, text, action: problem.action)
        } + (rest > 0 ? [more] : [])
    }

    private var mints: [Finding] {
        let enabled = projects.flatMap(\.enabledKeys)
        let never = enabled.filter { $0.lastMintedAt == nil }
        // What is wrong with the others is among the problems.
        let working = projects.filter { $0.failures == nil }.flatMap(\.enabledKeys).filter { !$0.quarantined }
        let newest = working.compactMap { key in key.lastMintedAt.map { (at: $0, key: key) } }
            .sorted { $0.at > $1.at }
        let named = newest.prefix(Self.most).map {
            Finding.ok("key \($0.key.keyID)", "minted last at \(Optional($0.at).text)")
        }
        let rest = newest.count - named.count
        return named
            + (rest > 0
                ? [.ok("keys", "\(rest) more minted last before \(Optional(newest[named.count].at).text)")] : [])
            + (never.isEmpty
                ? []
                : [
                    .warning(
                        "keys", "never minted: \(never.map(\.keyID).listed(separator: ", "))",
                        action: "'token-broker key verify' tries a key"
                    )
                ])
    }

    /// The requests per second that refreshes need, against the budget: of the projects that clients used within a day, and
    /// of all that they may use.
    private var capacity: [Finding] {
        status.budgets.map { budget in
            let granted = projects.filter {
                !$0.clients.isEmpty && $0.enabledKeys.first?.tokenEndpoint == budget.tokenEndpoint
            }
            let used = granted.filter { project in
                project.keys.contains { $0.lastUsedAt.map { status.time.timeIntervalSince($0) < 86_400 } ?? false }
            }
            let share = share(of: used, in: budget)
            let possible = self.share(of: granted, in: budget)
            let text =
                "projects used within a day: \(used.count), which need \(share) % of the \(budget.perSecond.formatted()) "
                + "requests per second to \(budget.tokenEndpoint); projects that clients may use: \(granted.count), which need "
                + "\(possible) %"
            let action = "raise --mint-rate as far as Sinch allows it"
            if share > 90 { return .problem("budget", text, action: action) }
            return share > 50 || possible > 90 ? .warning("budget", text, action: action) : .ok("budget", text)
        }
    }

    /// In percent, rounded up.
    private func share(of projects: [ProjectReport], in budget: StatusReport.Budget) -> Int {
        let known = projects.compactMap { $0.token?.lifetime }
        // A project without a token is expected to get one like the others.
        let usual = known.isEmpty ? Self.usualLifetime : known.reduce(0, +) / known.count
        // A token is refreshed at three quarters of its lifetime.
        let needed = projects.reduce(0) { $0 + 1 / (0.75 * Double(max(1, $1.token?.lifetime ?? usual))) }
        return Int((100 * needed / budget.perSecond).rounded(.up))
    }
}

extension ProjectReport {
    fileprivate var enabledKeys: [KeyReport] { keys.filter { $0.state != .disabled } }
}
