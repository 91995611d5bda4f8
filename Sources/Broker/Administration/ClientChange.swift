/// `client grant`, `client revoke`, `client enable`, `client disable` and `client remove`.
package struct ClientChange: AdminRequest {

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

    package var extent: StoreExtent {
        // A project without keys may be any other one, mistyped.
        if case .grant = verb { return .everything }
        return .part(clients: [clientID])
    }

    /// The client as it was left, or as it was when it was removed.
    package func perform(by administrator: Administrator) async throws -> ClientReport {
        let before = try administrator.client(clientID)
        try await administrator.core.changes.make {
            let client = try administrator.client(clientID)
            var record = administrator.record(verb.action, client: clientID)
            switch verb {
            case .grant(let project):
                record.project = project
                return (client.grants.contains(project) ? [] : [.grant(project, to: clientID)], [record])
            case .revoke(let project):
                record.project = project
                return (client.grants.contains(project) ? [.revoke(project, from: clientID)] : [], [record])
            case .enable: return ([.setClientEnabled(clientID, true)], [record])
            case .disable: return ([.setClientEnabled(clientID, false)], [record])
            case .remove: return ([.removeClient(clientID)], [record])
            }
        }
        var report = try ClientReport(administrator.core.registry.client(clientID) ?? before, administrator)
        if case .grant(let project) = verb {
            report.similarProjects = administrator.core.registry.projects(similarTo: [project])
        }
        return report
    }
}

extension ClientChange.Verb {
    fileprivate var action: AuditRecord.Action {
        switch self {
        case .grant: .clientGranted
        case .revoke: .clientRevoked
        case .enable: .clientEnabled
        case .disable: .clientDisabled
        case .remove: .clientRemoved
        }
    }
}
