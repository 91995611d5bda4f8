package import Foundation

/// `status`: what an operator wants to see first.
package struct StatusReport: AdminRequest {
    /// So many projects are shown one by one, and so many problems.
    private static let most = 100

    package struct Reply: Codable, Sendable {
        package let projectCount: Int
        package let keyCount: Int
        package let clientCount: Int
        /// Tokens that are held, and that are not expired.
        package let tokenCount: Int
        /// Of these, such as are to be refreshed now.
        package let refreshDueCount: Int
        /// The first of them.
        package let projects: [ProjectReport]
        package let problemCount: Int
        /// The oldest of them.
        package let problems: [Problem]
        package let quarantinedKeys: [KeyID]
        package let budgets: [Budget]
        package let breakers: [Breaker]
    }

    /// An endpoint, a key or a project that does not work as it should.
    package struct Problem: Codable, Sendable {
        package let subject: String
        package let state: String
        package let since: Date
    }

    package struct Budget: Codable, Sendable {
        package let tokenEndpoint: String
        /// Mints that may be sent now.
        package let remaining: Int
    }

    /// A token endpoint that keeps failing.
    package struct Breaker: Codable, Sendable {
        package let tokenEndpoint: String
        /// Seconds until the next request is sent to it.
        package let probeIn: Int
    }

    package init() {}

    package var extent: StoreExtent { .everything }

    package func perform(by administrator: Administrator) async throws -> Reply {
        let page = try Page<Project>(limit: Self.most)
        let projects = try await ProjectListing(page: page).perform(by: administrator).projects
        let counts = administrator.core.registry.counts
        let tokens = administrator.core.queue.counts
        let problems = administrator.core.health.problems
        return Reply(
            projectCount: counts.projects, keyCount: counts.keys, clientCount: counts.clients,
            tokenCount: tokens.all, refreshDueCount: tokens.due, projects: projects, problemCount: problems.count,
            problems: problems.prefix(Self.most).map { subject, problem in
                Problem(subject: subject.name, state: problem.trouble.rawValue, since: problem.since.wall)
            },
            quarantinedKeys: problems.compactMap { subject, problem in
                if case .key(let id, _) = subject, problem.trouble == .quarantined { id } else { nil }
            }.prefix(Self.most).sorted(),
            budgets: administrator.core.registry.endpoints.sorted { $0.absoluteString < $1.absoluteString }.map {
                Budget(tokenEndpoint: $0.absoluteString, remaining: administrator.core.budget.remaining(at: $0))
            },
            breakers: administrator.core.breaker.open()
                .map { Breaker(tokenEndpoint: $0.key.absoluteString, probeIn: $0.value.seconds) }
                .sorted { $0.tokenEndpoint < $1.tokenEndpoint }
        )
    }
}
