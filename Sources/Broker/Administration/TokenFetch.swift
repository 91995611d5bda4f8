import Foundation

/// `token`: a token of a project, as a client would get it.
package struct TokenFetch: AdminRequest {
    package let projectID: ProjectID

    package init(projectID: ProjectID) {
        self.projectID = projectID
    }

    package struct Reply: Codable, Sendable {
        package let accessToken: String
        package let expiresIn: Int
        package let projectID: ProjectID
    }

    package var extent: StoreExtent { .part(projects: [projectID]) }

    package func perform(by administrator: Administrator) async throws -> Reply {
        do {
            let handOut = try await administrator.core.broker.token(of: projectID, as: administrator.actor)
            return Reply(
                accessToken: handOut.token.value.reveal(), expiresIn: handOut.expiresIn, projectID: projectID
            )
        } catch BrokerError.noKey {
            throw OperatorError(
                .notFound, "project '\(projectID)' has no key",
                hint: "register one: token-broker key add --project \(projectID) --key-id ID"
            )
        } catch BrokerError.everyKeyDisabled {
            throw OperatorError(
                .conflict, "every key of project '\(projectID)' is disabled",
                hint: "enable one: token-broker key enable KEY"
            )
        } catch BrokerError.everyKeyRefused {
            throw OperatorError(
                .refused, "the authorization server refuses every key of project '\(projectID)'",
                hint: "register a new one: token-broker key rotate --project \(projectID) --key-id ID"
            )
        } catch is BrokerError {
            throw OperatorError(.unavailable, "the authorization server gives no token", hint: "try again in a while")
        }
    }
}
