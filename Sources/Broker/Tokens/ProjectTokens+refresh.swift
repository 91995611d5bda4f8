/// What the ``Refresher`` asks of a project's tokens.
extension ProjectTokens {
    /// What is to be done about a token whose refresh is due.
    enum Refresh {
        /// No key of the project can be used, or another key's token is fresh.
        case notNeeded
        case blocked(Duration)
        case needed(MintRequest)
    }

    /// Decides on the refresh of a slot's token, which may be that of another key by now.
    func refresh(of slot: TokenSlot) -> Refresh {
        guard registry.isEnabled(slot), let key = registry.key(slot.keyID) else { return .notNeeded }
        // A token of all that its key may do is replaced by one of all that the next key may do.
        let scope = slot.scope == key.scope ? nil : slot.scope
        guard let keys = try? keys(of: key.project, scope: scope) else { return .notNeeded }
        let now = clock.now
        let usable = keys.filter { !isInBackoff($0) }
        let isCovered = usable.contains { cache.life(in: self.slot(of: $0, scope: scope))?.state(at: now) == .fresh }
        if isCovered { return .notNeeded }
        guard let first = usable.first, failures.remaining(of: self.slot(of: first, scope: scope)) == nil else {
            return .blocked(wait(for: keys, scope: scope))
        }
        return .needed(request(first, scope: scope, for: .refresh))
    }

    /// Notes what a project has come to, where a wanted token's life has changed.
    func reportState(after slot: TokenSlot) {
        guard registry.isEnabled(slot), let project = registry.key(slot.keyID)?.project else { return }
        reportState(of: project)
    }

    /// Notes that a project has no token that keeps the promise, or none at all.
    func reportState(of project: ProjectID) {
        let now = clock.now
        let life = life(of: project)
        if life?.keepsPromise(at: now) ?? false { return }
        health.report(.project(project), is: life?.isUsable(at: now) ?? false ? .degraded : .outOfTokens)
    }
}
