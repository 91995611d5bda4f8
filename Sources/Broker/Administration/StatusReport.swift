import Foundation

/// `status`: what an operator wants to see first.
package struct StatusReport: AdminRequest {
    package static let name = "status"

    package struct Reply: Codable, Sendable {
        package let projects: [ProjectReport]
        package let clientCount: Int
        package let quarantinedKeys: [KeyID]
        package let budgets: [Budget]
        package let breakers: [Breaker]
    }

    package struct Budget: Codable, Sendable {
        package let tokenEndpoint: String
        /// Mints that may be sent now.
        package let remaining: Int
    }

    /// A token endpoint that keeps failing and is left alone for a while.
    package struct Breaker: Codable, Sendable {
        package let tokenEndpoint: String
        /// Seconds until it is asked again.
        package let probeIn: Int
    }

    package init() {}

    package func perform(by administrator: Administrator, for actor: Actor) async throws -> Reply {
        let projects = try await ProjectListing().perform(by: administrator, for: actor).projects
        return Reply(
            projects: projects,
            clientCount: administrator.registry.allClients().count,
            quarantinedKeys: projects.flatMap(\.keys).filter(\.quarantined).map(\.keyID),
            budgets: Set(administrator.registry.allKeys().map { administrator.registry.endpoint(of: $0) })
                .map { Budget(tokenEndpoint: $0.absoluteString, remaining: administrator.budget.remaining(at: $0)) }
                .sorted { $0.tokenEndpoint < $1.tokenEndpoint },
            breakers: administrator.breaker.open()
                .map {
                    Breaker(tokenEndpoint: $0.key.absoluteString, probeIn: Int(($0.value / .seconds(1)).rounded(.up)))
                }
                .sorted { $0.tokenEndpoint < $1.tokenEndpoint }
        )
    }
}
