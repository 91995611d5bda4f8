import Foundation
import Synchronization

extension Sandbox {
    /// What becomes of a token request at the gateway.
    enum Admission {
        case admitted
        case rateLimited
        case fault(Fault.Action)
    }

    /// Counts a token request and says what becomes of it.
    ///
    /// Faults come before the bucket and take nothing out of it, so that a test gets exactly those it asked for.
    func admit(keyID: String?) -> Admission {
        state.withLock { state in
            state.counters.tokenRequests += 1
            if let index = state.faults.firstIndex(where: { $0.hits(keyID) }) {
                state.counters.faultsServed += 1
                let action = state.faults[index].action
                if let times = state.faults[index].times {
                    state.faults[index].times = times - 1
                    state.faults.removeAll { $0.times == 0 }
                }
                return .fault(action)
            }
            guard state.gateway.take(at: now()) else {
                state.counters.rateLimited += 1
                return .rateLimited
            }
            return .admitted
        }
    }

    /// Mints a token for the key that the credentials name.
    package func mint(keyID: String, secret: String) throws -> MintedToken {
        try mint(ClientCredentials(id: keyID, secret: secret), scope: "")
    }

    func mint(_ credentials: ClientCredentials, scope: String) throws -> MintedToken {
        let (claims, generation, expiresIn) = try state.withLock { state in
            guard let key = state.keys[credentials.id] else {
                state.counters.invalidClient += 1
                throw TokenEndpointError.invalidClient
            }
            guard !credentials.inBody else {
                state.counters.invalidClient += 1
                throw TokenEndpointError.invalidClientMethod
            }
            guard key.secret == credentials.secret else {
                state.counters.invalidClient += 1
                throw TokenEndpointError.invalidClient
            }
            // Sinch defines no scopes, so that there is none to ask for.
            if let scope = scope.split(separator: " ").first {
                throw TokenEndpointError.invalidScope(String(scope))
            }
            state.counters.tokensMinted += 1

            let now = now().timeIntervalSince1970
            // Rounded up, so that the token lives for as long as `expires_in` says, however absurd that is.
            let (expiry, overflows) = Int(now.rounded(.up)).addingReportingOverflow(state.settings.expiresIn)
            let claims = TokenClaims(
                subject: key.id,
                clientID: key.id,
                projectID: key.projectID,
                issuedAt: Int(now.rounded(.down)),
                expiresAt: overflows ? .max : expiry,
                tokenID: UUID().uuidString.lowercased()
            )
            return (claims, state.generation.number, state.settings.expiresIn)
        }
        return MintedToken(accessToken: try signer.sign(claims, generation: generation), expiresIn: expiresIn)
    }

    /// Declares all tokens handed out so far expired.
    package func expireTokens() {
        state.withLock { $0.generation.end(at: now()) }
    }
}
