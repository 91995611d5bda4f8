import Broker
import Foundation

/// A token as OAuth2 clients get it (RFC 6749 §5.1): exactly these four, all of which Sinch's SDKs need.
struct OAuth2TokenAnswer: Encodable {
    let accessToken: String
    let expiresIn: Int
    let scope: String
    let tokenType = "bearer"

    init(_ handOut: HandOut) {
        accessToken = handOut.token.value.reveal()
        expiresIn = handOut.expiresIn
        scope = handOut.token.slot.scope.description
    }
}

/// The same token with what else is known of it, for those who asked with a GET.
struct TokenAnswer: Encodable {
    let accessToken: String
    let degraded: Bool?
    let expiresAt: Date
    let expiresIn: Int
    let projectID: ProjectID
    let refreshAfter: Int
    let scope: String
    let tokenType = "bearer"

    init(_ handOut: HandOut) {
        accessToken = handOut.token.value.reveal()
        degraded = handOut.isDegraded ? true : nil
        expiresIn = handOut.expiresIn
        expiresAt = handOut.at.advanced(by: .seconds(handOut.expiresIn)).wall
        projectID = handOut.project
        refreshAfter = handOut.refreshAfter
        scope = handOut.token.slot.scope.description
    }
}
