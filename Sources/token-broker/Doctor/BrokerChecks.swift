import Broker
import Foundation

/// What the broker says of itself: whether it serves, what is wrong, its keys, and whether its budget is enough.
struct BrokerChecks {
    /// So many keys are named one by one.
    private static let most = 10

    let status: StatusReport.Reply
    let keys: [KeyReport]

    var findings: [Finding] { [serving] + database + problems + mints + capacity }

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
        let enabled = keys.filter { $0.state != .disabled }
        let never = enabled.filter { $0.lastMintedAt == nil }
        let newest = enabled.compactMap { key in key.lastMintedAt.map { (at: $0, key: key) } }
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

    /// The pace that the tokens need to be refreshed, against the pace that the budget has.
    private var capacity: [Finding] {
        status.budgets.map { budget in
            let lives = keys.filter { $0.tokenEndpoint == budget.tokenEndpoint }.compactMap { $0.token?.lifetime }
            // Refreshed at three quarters of their life.
            let needed = lives.reduce(0) { $0 + 1 / (0.75 * Double(max(1, $1))) }
            let share = Int((100 * needed / budget.perSecond).rounded(.up))
            let pace = "\(budget.perSecond.formatted()) requests per second"
            let text = "the tokens of \(budget.tokenEndpoint) need \(share) % of its \(pace)"
            let action = "raise --mint-rate, as far as Sinch allows it"
            if budget.remaining == 0 {
                return .problem(
                    "budget", "\(text), and it is spent: whoever needs a new token waits, or gets 429",
                    action: "find out who fetches so many different tokens, or " + action
                )
            }
            if share > 90 { return .problem("budget", text, action: action) }
            return share > 50 ? .warning("budget", text, action: action) : .ok("budget", text)
        }
    }
}
