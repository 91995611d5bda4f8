/// The keys, clients and grants that an operator's document names.
///
/// A list that the document does not have is `nil`: nothing is changed of its kind.
package struct WantedRegistry: Codable, Sendable {
    package let keys: [WantedKey]?
    package var clients: [WantedClient]?
    /// Keys that must not exist.
    package let removedKeys: Set<KeyID>
    /// Clients that must not exist.
    package let removedClients: Set<ClientID>

    package init(
        keys: [WantedKey]?, clients: [WantedClient]?, removedKeys: Set<KeyID> = [], removedClients: Set<ClientID> = []
    ) {
        self.keys = keys
        self.clients = clients
        self.removedKeys = removedKeys
        self.removedClients = removedClients
    }
}

/// An access key as a document wants it.
package struct WantedKey: Codable, Sendable {
    package let projectID: ProjectID
    package let keyID: KeyID
    package let name: String?
    package let tokenEndpoint: String?
    package let scope: String
    /// In plain text; `nil` where the document does not say where it is, and a key that is registered keeps its own.
    package let secret: String?
    /// `nil`: whichever it is in.
    package let state: AccessKey.State?
    /// Where it stands in the document, such as `registry.yaml:3`: for what is said of it.
    package let location: String

    package init(
        projectID: ProjectID, keyID: KeyID, name: String?, tokenEndpoint: String?, scope: String, secret: Secret?,
        state: AccessKey.State?, location: String
    ) {
        self.projectID = projectID
        self.keyID = keyID
        self.name = name
        self.tokenEndpoint = tokenEndpoint
        self.scope = scope
        self.secret = secret?.reveal()
        self.state = state
        self.location = location
    }

    /// - Parameter verify: whether it is minted with before it is stored.
    package func registration(secret: String, verify: Bool) -> KeyRegistration {
        KeyRegistration(
            projectID: projectID, keyID: keyID, name: name, secret: Secret(secret), tokenEndpoint: tokenEndpoint,
            scope: scope, verify: verify
        )
    }
}

/// A client as a document wants it.
package struct WantedClient: Codable, Sendable {
    package let clientID: ClientID
    /// All that it is granted.
    package let projects: Set<ProjectID>
    /// Unix users.
    package let users: Set<UInt32>
    package let certificateNames: Set<CertificateName>
    /// Whether it has a secret. One that has is left with it, whichever it is.
    package let hasSecret: Bool
    /// The one that it gets where it has none, in plain text; `nil` where that was not asked for yet.
    package var secret: String?
    /// `nil`: whichever it is.
    package let enabled: Bool?
    /// As a key's.
    package let location: String

    package init(
        clientID: ClientID, projects: Set<ProjectID>, users: Set<UInt32>, certificateNames: Set<CertificateName>,
        hasSecret: Bool, enabled: Bool?, location: String
    ) {
        self.clientID = clientID
        self.projects = projects
        self.users = users
        self.certificateNames = certificateNames
        self.hasSecret = hasSecret
        self.enabled = enabled
        self.location = location
    }

    var identities: Set<Identity> {
        Set(users.map(Identity.user) + certificateNames.map(Identity.certificate))
    }
}
