package import Foundation

/// One thing that changes in the store and in the registry: no larger than what changes, so that it undoes nothing else.
package enum Change: Sendable {
    case addKey(AccessKey)
    case setKeyState(KeyID, AccessKey.State)
    /// Removes the key and its tokens.
    case removeKey(KeyID)

    case addClient(Client)
    case setClientEnabled(ClientID, Bool)
    case removeClient(ClientID)
    case setIdentities(Set<Identity>, of: ClientID)
    case grant(ProjectID, to: ClientID)
    case revoke(ProjectID, from: ClientID)
    /// The newest from now on.
    case addSecret(Client.Credential, to: ClientID)
    case endSecret(ClientSecretVerifier, of: ClientID, at: Date)
    case removeSecret(ClientSecretVerifier, of: ClientID)

    case putToken(SealedToken)
}
