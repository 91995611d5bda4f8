import Broker
import Foundation
import Synchronization

/// Counts what a token endpoint is asked, and keeps the words in which it failed.
final class WatchedTokenEndpoint: TokenEndpoint {
    private struct State {
        var attempts = 0
        var failures: [String] = []
    }

    private let endpoint: any TokenEndpoint
    private let state = Mutex(State())

    init(_ endpoint: any TokenEndpoint) {
        self.endpoint = endpoint
    }

    var attempts: Int { state.withLock { $0.attempts } }
    var failures: [String] { state.withLock { $0.failures } }

    func mint(
        with key: AccessKey, secret: Secret, at address: URL, scope: Scope
    ) async throws -> MintedToken {
        state.withLock { $0.attempts += 1 }
        do {
            return try await endpoint.mint(with: key, secret: secret, at: address, scope: scope)
        } catch {
            state.withLock { $0.failures += ["\(error)", String(reflecting: error)] }
            throw error
        }
    }
}
