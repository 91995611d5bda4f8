/// `client add`: registers a client.
package struct ClientAddition: AdminRequest {
    package let clientID: ClientID
    package let projects: [ProjectID]
    /// Unix users.
    package let users: [UInt32]
    package let certificateNames: [CertificateName]
    /// Whether it gets a secret; one that is not recognised otherwise always does.
    package let withSecret: Bool

    package init(
        clientID: ClientID, projects: [ProjectID], users: [UInt32], certificateNames: [CertificateName] = [],
        withSecret: Bool = false
    ) {
        self.clientID = clientID
        self.projects = projects
        self.users = users
        self.certificateNames = certificateNames
        self.withSecret = withSecret || users.isEmpty && certificateNames.isEmpty
    }

    /// A project without keys may be any other one, mistyped.
    package var extent: StoreExtent { projects.isEmpty ? .part(clients: [clientID]) : .everything }

    package func perform(by administrator: Administrator) async throws -> ClientCredentials {
        try UnixUser.check(users)
        let now = administrator.core.clock.now.wall
        let secret = withSecret ? ClientSecret.generate() : nil
        let verifier = secret.map(administrator.core.sealer.verifier)
        try await administrator.core.changes.make {
            guard administrator.core.registry.client(clientID) == nil else {
                throw OperatorError(
                    .conflict, "client '\(clientID)' is registered already",
                    hint: "a new secret for it: token-broker client rotate \(clientID)"
                )
            }
            let client = Client(
                id: clientID, isEnabled: true,
                credentials: verifier.map { [Client.Credential(verifier: $0, created: now, expires: nil)] } ?? [],
                identities: Set(users.map(Identity.user) + certificateNames.map(Identity.certificate)),
                grants: Set(projects), created: now
            )
            // A record of this ID that cannot be read may be in the way.
            return ([.removeClient(clientID), .addClient(client)], administrator.records(ofAdding: client))
        }
        let keyless = projects.filter { !administrator.core.registry.has($0) }
        return ClientCredentials(
            clientID: clientID, clientSecret: secret?.reveal(), previousSecretExpiresAt: nil,
            previousSecret: nil, endedSecrets: nil, projectsWithoutKeys: keyless.isEmpty ? nil : keyless,
            similarProjects: administrator.core.registry.projects(similarTo: projects)
        )
    }
}
