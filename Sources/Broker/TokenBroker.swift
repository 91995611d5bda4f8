/// The use case: somebody who is allowed to gets a token.
package struct TokenBroker: Sendable {
    private let roster: Roster
    private let tokens: ProjectTokens
    private let ledger: HandOutLedger
    private let clock: any BrokerClock

    package init(roster: Roster, tokens: ProjectTokens, ledger: HandOutLedger, clock: any BrokerClock) {
        self.roster = roster
        self.tokens = tokens
        self.ledger = ledger
        self.clock = clock
    }

    /// A token for a client. It has not left before the first hand-out of it to this client is durably recorded.
    ///
    /// Throws ``BrokerError``; anything else is the broker's own trouble.
    package func token(for request: TokenRequest, as client: Client) async throws -> HandOut {
        let project = try project(for: request, of: client)
        guard client.grants.contains(project) else { throw BrokerError.unauthorizedClient }
        let handOut = try await handOut(
            of: project, scope: request.scope, minimumLife: request.minimumLife, to: .client(client.id)
        )
        // A mint takes seconds: the client may have been disabled, or its grant revoked, meanwhile.
        guard let client = roster.client(client.id), client.isEnabled else { throw BrokerError.invalidClient }
        guard client.grants.contains(project) else { throw BrokerError.unauthorizedClient }
        return handOut
    }

    /// Counts the changes to clients, grants and keys: read it before a client is authenticated whose answer may stand.
    package var version: Int { roster.version }

    /// Whether an answer with a hand-out may be repeated, to the same client from the same peer; `nil` when something
    /// has changed since `version`.
    package func standing(
        _ handOut: HandOut, minimumLife: Duration, for client: Client, at peer: Peer, since version: Int
    ) -> Standing? {
        guard let uses = ledger.uses(of: handOut.token.slot), let ground = tokens.ground(of: handOut.token),
            let grounds = roster.grounds(client.id, peer.user, handOut.project, since: version)
        else { return nil }
        let standing = Standing(
            handOut, minimumLife: minimumLife, grounds: grounds + [ground],
            until: client.credentials.compactMap(\.expires).filter { $0 > handOut.at.wall }.min(), uses: uses,
            clock: clock
        )
        return standing.holds(at: clock.now) ? standing : nil
    }

    /// A token for an operator, who needs no grant.
    package func token(of project: ProjectID, as actor: Actor) async throws -> HandOut {
        try await handOut(of: project, scope: nil, minimumLife: .zero, to: actor)
    }

    private func handOut(
        of project: ProjectID, scope: Scope?, minimumLife: Duration, to recipient: Actor
    ) async throws -> HandOut {
        while true {
            let token = try await tokens.token(of: project, scope: scope, minimumLife: minimumLife)
            try await ledger.handOut(token, of: project, to: recipient)
            // Its key may have been disabled while the hand-out was recorded.
            if roster.isEnabled(token.slot) { return HandOut(token, of: project, at: clock.now) }
        }
    }

    /// Replaces a token that Sinch does not accept any more, for a client that may have tokens of the project.
    package func replace(
        _ rejected: TokenDigest, of project: ProjectID, as client: Client
    ) async throws -> ProjectTokens.Replacement {
        guard client.grants.contains(project) else { throw BrokerError.unauthorizedClient }
        return try await tokens.replace(rejected, of: project)
    }

    /// The life of the token that the project's next client gets, where one is there.
    package func report(of project: ProjectID) -> TokenReport? {
        tokens.life(of: project).map { TokenReport($0, at: clock.now) }
    }

    private func project(for request: TokenRequest, of client: Client) throws -> ProjectID {
        if let project = request.project { return project }
        if client.grants.count == 1, let only = client.grants.first { return only }
        throw BrokerError.invalidRequest(
            client.grants.isEmpty
                ? "this client has no grant yet; ask the operator for one"
                : "this client has several grants: name the project with the form parameter project_id, "
                    + "or use /projects/{projectId}/oauth2/token"
        )
    }
}

/// A token as it is handed out.
package struct HandOut: Sendable {
    package let project: ProjectID
    package let token: AccessToken
    package let at: Moment

    package init(_ token: AccessToken, of project: ProjectID, at now: Moment) {
        self.project = project
        self.token = token
        at = now
    }

    /// What remains now, in seconds, rounded down.
    package var expiresIn: Int { Int(token.life.remaining(at: at).components.seconds) }

    package var refreshAfter: Int { Int(token.life.refreshAfter(at: at).components.seconds) }

    /// Still valid, but with less life than we promise, because the authorization server is failing.
    package var isDegraded: Bool { !token.life.keepsPromise(at: at) }
}
