extension ProjectTokens {
    /// Replaces the token that is handed out, when it is the one that a client says is dead.
    ///
    /// The authorization server decides: when it refuses the key, the token goes with it and the next key is used; a
    /// mint that merely fails leaves the token in place. If no mint may start now, waits until the deadline for one.
    package func replace(
        _ dead: TokenDigest, of project: ProjectID, for client: ClientID, by deadline: Deadline
    ) async throws -> Replacement {
        while true {
            let outcome = try await replaceNow(dead, of: project, for: client, by: deadline)
            guard case .tooSoon(let wait) = outcome, wait < deadline.remaining(at: clock.now) else { return outcome }
            try await clock.sleep(for: wait)
        }
    }

    private func replaceNow(
        _ dead: TokenDigest, of project: ProjectID, for client: ClientID, by deadline: Deadline
    ) async throws -> Replacement {
        let keys = try keys(of: project, scope: nil)
        guard let key = keys.first(where: { cache.token(in: slot(of: $0, scope: nil))?.digest == dead }) else {
            return .alreadyReplaced
        }
        guard firstHeld(by: keys, scope: nil).map({ $0.digest == dead }) ?? true else {
            cache.remove(dead, from: slot(of: key, scope: nil))
            return .alreadyReplaced
        }
        do {
            let request = request(key, scope: nil, for: .replacement)
            return try await flights.replace(dead, for: request, to: client, by: deadline) {
                mints.takeForReplacement(with: request, for: client)
            }
        } catch let failure as MintFailure where failure.origin == .key {
            cache.remove(dead, from: slot(of: key, scope: nil))
            _ = try await token(of: project, scope: nil, minimumLife: .zero, to: client, by: deadline)
            return .replaced
        } catch let error where error is MintFailure || error is DeadlinePassed {
            throw brokerError(error, keys: keys, scope: nil)
        }
    }
}
