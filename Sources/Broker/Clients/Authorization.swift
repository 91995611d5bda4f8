/// A client that has shown who it is, and what was true when it did. Only the ``ClientAuthenticator`` makes one.
package struct Authorization: Sendable {
    package let client: Client
    /// The client secret that was shown, where one was.
    let credential: Client.Credential?
    /// Where the request came from.
    let peer: Peer
    /// Of the registry, before the client was looked up: what has changed since may decide otherwise.
    let registryVersion: Int
    /// When the request must have been answered.
    let deadline: Deadline

    init(
        _ client: Client, by credential: Client.Credential?, from peer: Peer, registryVersion: Int, deadline: Deadline
    ) {
        self.client = client
        self.credential = credential
        self.peer = peer
        self.registryVersion = registryVersion
        self.deadline = deadline
    }
}
