import Foundation
import HTTPTypes
import Synchronization

extension Sandbox {
    /// Counts a request to a project's API, and throws unless it may be made.
    func authorize(_ authorization: Authorization, toProject projectID: String) throws(APIError) {
        let now = now()
        try state.withLock { state throws(APIError) in
            state.counters.apiRequests += 1
            do throws(APIError) {
                let own =
                    switch authorization {
                    case .bearer(let token): try project(ofToken: token, in: state, at: now)
                    case .basic(let credentials): try project(ofKey: credentials, in: &state, at: now)
                    case .other: throw APIError.unauthorized(challenge: "Bearer")
                    }
                guard own == projectID else {
                    throw APIError(.forbidden, "Project with id '\(projectID)' is not enabled.")
                }
            } catch {
                if error.status == .tooManyRequests {
                    state.counters.apiRateLimited += 1
                } else {
                    state.counters.apiUnauthorized += 1
                }
                throw error
            }
        }
    }

    private func project(ofToken token: String, in state: State, at now: Date) throws(APIError) -> String {
        do throws(TokenRefusal) {
            let (claims, generation) = try signer.verify(token)
            let expiry = state.generation.expiry(of: claims, generation: generation)
            guard now < expiry else { throw .expired(at: expiry) }
            let death = state.keys[claims.clientID] == nil ? state.deletedKeys[claims.clientID] ?? now : nil
            guard death.map({ now < $0 }) ?? true else { throw .keyDeleted }
            return claims.projectID
        } catch {
            throw .unauthorized(error)
        }
    }

    private func project(
        ofKey credentials: BasicCredentials, in state: inout State, at now: Date
    ) throws(APIError) -> String {
        guard let key = state.keys[credentials.user], key.secret == credentials.password else {
            throw .unauthorized(challenge: #"Basic realm="Realm""#)
        }
        guard state.keys[credentials.user]?.basicAllowance.take(at: now) == true else {
            throw APIError(.tooManyRequests, "Too many requests.")
        }
        return key.projectID
    }
}
