/// A client that has shown who it is, and what was true when it did. Only the ``ClientAuthenticator`` makes one.
package struct Authorization: Sendable {
    package let client: Client
    /// The client secret that was shown, where one was.
    let credential: Client.Credential?
    /// By which the client was recognised, or could have been.
    let identities: [Identity]
    /// The certificate that has the identities, where one was needed.
    let certificate: ClientCertificate?
    /// Of the registry, before the client was looked up: what has changed since may decide otherwise.
    let registryVersion: Int
    /// When the request must have been answered.
    let deadline: Deadline

    init(
        _ client: Client, by credential: Client.Credential?, _ identities: [Identity],
        certificate: ClientCertificate?, registryVersion: Int, deadline: Deadline
    ) {
        self.client = client
        self.credential = credential
        self.identities = identities
        self.certificate = certificate
        self.registryVersion = registryVersion
        self.deadline = deadline
    }
}
