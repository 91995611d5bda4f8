import Futures

/// The use case: somebody who is allowed to gets a token.
package struct TokenBroker: Sendable {
    private let registry: Registry
    private let tokens: ProjectTokens
    private let store: any Store
    private let uses: UseLog
    private let clock: any BrokerClock
    /// A client must not fill the audit log.
    private let recordedRefusals: FairLimit<ClientID>

    package init(registry: Registry, tokens: ProjectTokens, store: any Store, uses: UseLog, clock: any BrokerClock) {
        self.registry = registry
        self.tokens = tokens
        self.store = store
        self.uses = uses
        self.clock = clock
        recordedRefusals = FairLimit(rate: 0.1, burst: 10, clock: clock)
    }

    /// A token for a client. It has not left before the first hand-out of it to this client is durably recorded.
    ///
    /// Throws ``BrokerError``; anything else is the broker's own trouble.
    package func token(for request: TokenRequest, as authorization: Authorization) async throws -> HandOut {
        let client = authorization.client
        let project = try project(for: request, of: client)
        try await check(client, mayHaveTokensOf: project, by: authorization.deadline)
        let (token, key) = try await handOut(
            of: project, scope: request.scope, minimumLife: request.minimumLife, to: client.id,
            by: authorization.deadline
        )
        // A mint takes seconds: the client may have been disabled, or its grant revoked, meanwhile.
        guard let current = registry.client(client.id), current.isEnabled else { throw BrokerError.invalidClient }
        try await check(current, mayHaveTokensOf: project, by: authorization.deadline)
        return HandOut(
            token, of: project, at: clock.now,
            repeatable: repeatable(token, of: project, key: key, minimumLife: request.minimumLife, authorization)
        )
    }

    /// Replaces a token that Sinch does not accept any more, for a client that may have tokens of the project.
    package func replace(
        _ rejected: TokenDigest, of project: ProjectID, as authorization: Authorization
    ) async throws -> Replacement {
        try await check(authorization.client, mayHaveTokensOf: project, by: authorization.deadline)
        return try await tokens.replace(
            rejected, of: project, for: authorization.client.id, by: authorization.deadline
        )
    }

    /// The life of the token that the project's next client gets, where one is there.
    package func report(of project: ProjectID) -> TokenReport? {
        tokens.life(of: project).map { TokenReport($0, at: clock.now) }
    }

    private func project(for request: TokenRequest, of client: Client) throws -> ProjectID {
        if let project = request.project { return project }
        if client.grants.count == 1, let only = client.grants.first { return only }
        guard !client.grants.isEmpty else {
            throw BrokerError.unauthorizedClient(.anyGrant)
        }
        throw BrokerError.invalidRequest(
            "this client has several grants: name the project with the form parameter project_id, "
                + "or use /projects/{projectId}/oauth2/token"
        )
    }

    /// The project, if there is one of that ID: what a request names may be a secret in the wrong place.
    package func known(_ project: ProjectID) -> ProjectID? { registry.has(project) ? project : nil }

    private func check(
        _ client: Client, mayHaveTokensOf project: ProjectID, by deadline: Deadline
    ) async throws {
        if client.grants.contains(project) { return }
        if recordedRefusals.take(client.id) {
            let record = AuditRecord(
                at: clock.now.wall, actor: .client(client.id), action: .authorizationRefused,
                project: known(project), client: client.id,
                outcome: registry.has(project) ? "no grant" : "unknown project"
            )
            try await Future { [store] in try await store.record(record) }.value(by: deadline, clock: clock)
        }
        throw BrokerError.unauthorizedClient(.grant(for: project))
    }

    private func handOut(
        of project: ProjectID, scope: Scope?, minimumLife: Duration, to client: ClientID, by deadline: Deadline
    ) async throws -> (AccessToken, AccessKey) {
        repeat {
            let token = try await tokens.token(
                of: project, scope: scope, minimumLife: minimumLife, to: client, by: deadline
            )
            try await record(token, of: project, to: client, by: deadline)
            // Its key may have been disabled while the hand-out was recorded.
            guard registry.isEnabled(token.slot), let key = registry.key(token.slot.keyID) else { continue }
            uses.note(key.use, at: clock.now.wall)
            return (token, key)
        } while deadline.remaining(at: clock.now) > .zero
        throw DeadlinePassed()
    }

    private func record(
        _ token: AccessToken, of project: ProjectID, to client: ClientID, by deadline: Deadline
    ) async throws {
        try await token.recipients.record(client, by: deadline, clock: clock) { [store, clock] in
            var record = AuditRecord(
                at: clock.now.wall, actor: .client(client), action: .tokenHandedOut, project: project,
                key: token.slot.keyID,
                token: token.digest
            )
            record.client = client
            try await store.record(record)
        }
    }

    /// What the hand-out rests on, unless something has changed since the client was authorized.
    private func repeatable(
        _ token: AccessToken, of project: ProjectID, key: AccessKey, minimumLife: Duration,
        _ authorization: Authorization
    ) -> RepeatableHandOut? {
        guard let validity = tokens.validity(of: token),
            let validities = registry.validities(
                authorization.client.id, authorization.identities, project, since: authorization.registryVersion
            )
        else { return nil }
        let repeatable = RepeatableHandOut(
            token, of: project, minimumLife: minimumLife,
            validities: validities + [validity, authorization.certificate?.validity].compactMap(\.self),
            until: [authorization.credential?.expires, authorization.certificate?.expires].compactMap(\.self).min(),
            uses: [key.use, authorization.client.use, authorization.credential?.use].compactMap(\.self), log: uses,
            clock: clock
        )
        return repeatable.isValid ? repeatable : nil
    }
}
