package import Foundation

/// `status`: what an operator wants to see first, on the terminal and on the status page.
package struct StatusReport: AdminRequest {
    /// So many projects are shown one by one where nothing else is asked for, and so many problems and clients.
    package static let usualLimit = 100

    /// Which projects are shown.
    private let page: Page<Project>
    /// Only the projects and clients whose ID has this in it.
    private let search: String

    package struct Reply: Codable, Sendable {
        package let time: Date
        /// The broker that serves; `nil` where none runs.
        package let serving: ServingReport?
        package let projectCount: Int
        package let keyCount: Int
        package let clientCount: Int
        /// Tokens that are held, and that are not expired.
        package let tokenCount: Int
        /// Of these, such as are to be refreshed now.
        package let refreshDueCount: Int
        /// Those that were asked for.
        package let projects: [ProjectReport]
        /// The project to go on after, where there are more.
        package let next: ProjectID?
        /// The first of those that were asked for.
        package let clients: [ClientUse]
        /// Whether somebody has to do something: no broker runs or is ready, or what is wrong does not pass by itself.
        package let needsOperator: Bool
        package let problemCount: Int
        /// The oldest of them.
        package let problems: [Problem]
        /// Problems that are over, the newest first.
        package let over: [Problem]
        package let quarantinedKeys: [KeyID]
        package let budgets: [Budget]
        package let breakers: [Breaker]
        /// Work that was interrupted, or that waits for the operator.
        package let unfinished: [UnfinishedWork]
        /// When the last backup was complete; `nil` if the audit log has no record of one.
        package let lastBackupAt: Date?
    }

    /// An endpoint, a key or a project that does not work as it should.
    package struct Problem: Codable, Sendable {
        package let subject: String
        package let state: String
        package let since: Date
        package let end: Date?
        /// Whether it may not pass by itself.
        package let needsOperator: Bool
        package let message: String
        /// What went wrong last.
        package let reason: String?
        /// What clients feel.
        package let effect: String
        /// What to do.
        package let action: String

        init(_ problem: Health.Problem) {
            subject = problem.subject.name
            state = problem.trouble.rawValue
            since = problem.since.wall
            end = problem.end?.wall
            needsOperator = problem.trouble.needsOperator
            message = problem.trouble.message
            reason = problem.reason
            effect = problem.trouble.effect
            action = problem.trouble.action
        }
    }

    package struct ClientUse: Codable, Sendable {
        package let clientID: ClientID
        package let enabled: Bool
        package let projectCount: Int
        /// When it was recognized last.
        package let lastUsedAt: Date?
    }

    package struct Budget: Codable, Sendable {
        package let tokenEndpoint: String
        /// Requests that may be sent now.
        package let remaining: Int
        /// At most.
        package let burst: Int
        package let perSecond: Double
    }

    /// A token endpoint that keeps failing.
    package struct Breaker: Codable, Sendable {
        package let tokenEndpoint: String
        /// Seconds until the next request is sent to it.
        package let probeIn: Int
    }

    /// - Throws: ``OperatorError`` if `limit` is not one of a ``Page``.
    package init(after: ProjectID? = nil, limit: Int = usualLimit, search: String = "") throws {
        self.init(try Page(after: after, limit: limit), search: search)
    }

    package init(_ page: Page<Project>, search: String) {
        self.page = page
        self.search = search
    }

    package var extent: StoreExtent { .everything }

    package func perform(by administrator: Administrator) async throws -> Reply {
        let core = administrator.core
        let listing = try await ProjectListing(page: page, search: search).perform(by: administrator)
        let clients = try Page<Client>(limit: Self.usualLimit).elements(
            of: core.registry.clients.lazy.filter { $0.id.contains(search) }, by: \.id
        ).elements
        let counts = core.registry.counts
        let tokens = core.queue.counts
        let problems = core.health.problems
        let unfinished =
            [core.store.unfinishedRotation.map(UnfinishedWork.init)]
            + [await core.backups.beginOfCurrent.map(UnfinishedWork.init(backupBegunAt:))]
        let serving = administrator.serving?()
        return Reply(
            time: core.clock.now.wall, serving: serving,
            projectCount: counts.projects, keyCount: counts.keys, clientCount: counts.clients,
            tokenCount: tokens.all, refreshDueCount: tokens.due, projects: listing.projects, next: listing.next,
            clients: clients.map {
                ClientUse(
                    clientID: $0.id, enabled: $0.isEnabled, projectCount: $0.grants.count,
                    lastUsedAt: $0.lastUsed
                )
            },
            needsOperator: serving?.ready != true || problems.contains { $0.trouble.needsOperator },
            problemCount: problems.count, problems: problems.prefix(Self.usualLimit).map(Problem.init),
            over: core.health.over.map(Problem.init),
            quarantinedKeys: problems.compactMap { problem in
                if case .key(let id, _) = problem.subject, problem.trouble == .quarantined { id } else { nil }
            }.prefix(Self.usualLimit).sorted(),
            budgets: core.registry.endpoints.sorted { $0.absoluteString < $1.absoluteString }.map {
                Budget(
                    tokenEndpoint: $0.absoluteString, remaining: core.budget.remaining(at: $0),
                    burst: core.budget.burst, perSecond: core.budget.rate
                )
            },
            breakers: core.breaker.open()
                .map { Breaker(tokenEndpoint: $0.key.absoluteString, probeIn: $0.value.seconds) }
                .sorted { $0.tokenEndpoint < $1.tokenEndpoint },
            unfinished: unfinished.compactMap(\.self), lastBackupAt: core.backups.last
        )
    }
}
