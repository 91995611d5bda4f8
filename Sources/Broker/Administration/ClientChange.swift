/// `client grant`, `client revoke`, `client enable`, `client disable` and `client remove`.
package struct ClientChange: AdminRequest {
    package static let name = "client/change"

    package enum Verb: Codable, Sendable {
        case grant(projectID: ProjectID)
        case revoke(projectID: ProjectID)
        case enable, disable, remove
    }

    package let clientID: ClientID
    package let verb: Verb

    package init(_ verb: Verb, _ clientID: ClientID) {
        self.clientID = clientID
        self.verb = verb
    }

    /// The client as it was left, or as it was when it was removed.
    package func perform(by administrator: Administrator, for actor: Actor) async throws -> ClientReport {
        let before = ClientReport(try administrator.client(clientID), administrator)
        try await administrator.change {
            var client = try administrator.client(clientID)
            var record: AuditRecord
            switch verb {
            case .grant(let project):
                client.grants.insert(project)
                record = administrator.record(.clientGranted, by: actor, project: project)
            case .revoke(let project):
                guard client.grants.remove(project) != nil else {
                    throw OperatorError(.notFound, "client '\(clientID)' has no grant for project '\(project)'")
                }
                record = administrator.record(.clientRevoked, by: actor, project: project)
            case .enable:
                client.isEnabled = true
                record = administrator.record(.clientEnabled, by: actor)
            case .disable:
                client.isEnabled = false
                record = administrator.record(.clientDisabled, by: actor)
            case .remove:
                record = administrator.record(.clientRemoved, by: actor)
            }
            record.client = clientID
            if case .remove = verb { return ([.removeClient(clientID)], record) }
            return ([.putClient(client)], record)
        }
        if case .remove = verb { return before }
        return ClientReport(try administrator.client(clientID), administrator)
    }
}
