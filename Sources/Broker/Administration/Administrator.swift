/// Does what one operator asks for.
package struct Administrator: Administration {
    let core: BrokerCore
    let actor: Actor
    /// Reports how this process serves; `nil` in a command that opens the database itself.
    let serving: (@Sendable () -> ServingReport)?

    package init(_ core: BrokerCore, for actor: Actor, serving: (@Sendable () -> ServingReport)? = nil) {
        self.core = core
        self.actor = actor
        self.serving = serving
    }

    package func perform<Request: AdminRequest>(_ request: Request) async throws -> Request.Reply {
        do {
            return try await request.perform(by: self)
        } catch {
            throw OperatorError(about: error) ?? error
        }
    }

    /// Does one part after the other of something long, until it is done or a quarter of a second is over.
    ///
    /// So whoever asked sees how far it is, and may stop asking.
    func goOn<Progress>(
        _ part: () async throws -> Progress, until isDone: (Progress) -> Bool
    ) async throws -> Progress {
        let end = core.clock.now.boot + .milliseconds(250)
        while true {
            let progress = try await part()
            if isDone(progress) || core.clock.now.boot >= end { return progress }
        }
    }

    func record(
        _ action: AuditRecord.Action, project: ProjectID? = nil, key: KeyID? = nil, client: ClientID? = nil
    ) -> AuditRecord {
        AuditRecord(at: core.clock.now.wall, actor: actor, action: action, project: project, key: key, client: client)
    }

    /// What it is granted from the start is granted like anything later.
    func records(ofAdding client: Client) -> [AuditRecord] {
        [record(.clientAdded, client: client.id)]
            + client.grants.sorted().map { record(.clientGranted, project: $0, client: client.id) }
    }

    func key(_ id: KeyID) throws -> AccessKey {
        guard let key = core.registry.key(id) else {
            if let record = core.unreadable.first(where: { $0.key == id }) {
                throw record.error(about: "key '\(id)'", remedy: "add the key again with 'token-broker key add'")
            }
            let question = id.description.question(in: core.registry.keyIDs.lazy.map(\.description))
            throw OperatorError(.notFound, "no key '\(id)'", hint: question + "'token-broker key list' shows them")
        }
        return key
    }

    func client(_ id: ClientID) throws -> Client {
        guard let client = core.registry.client(id) else {
            if let record = core.unreadable.first(where: { $0.client == id }) {
                throw record.error(
                    about: "client '\(id)'", remedy: "add the client again with 'token-broker client add'")
            }
            let question = id.description.question(in: core.registry.clients.lazy.map(\.id.description))
            throw OperatorError(
                .notFound, "no client '\(id)'", hint: question + "'token-broker client list' shows them"
            )
        }
        return client
    }

    /// Mints once with a key, whether it is in the store or not, to see that it works; the token is there to be kept.
    ///
    /// - Parameter remedy: What the operator can do if the key does not work, for the hint.
    func verify(_ key: AccessKey, remedy: String) async throws -> AccessToken {
        let request = MintRequest(
            key: key, endpoint: core.registry.endpoint(of: key), scope: key.scope, purpose: .verification,
            deadline: Deadline(after: Deadline.mint, from: core.clock.now)
        )
        do {
            return try await core.mints.token(for: request)
        } catch let failure as MintFailure {
            // An enabled key that is refused is quarantined, as after a client's request. A disabled key is not used.
            if failure.origin == .key, core.registry.isEnabled(request.slot) { core.failures.failed(request, failure) }
            let error = OperatorError(failure)
            throw OperatorError(
                error.reason, error.message, hint: [error.hint, remedy].compactMap(\.self).joined(separator: "; "))
        }
    }

    /// Holds the token that a key was verified with, and ends whatever the key was in trouble for.
    func adopt(_ token: AccessToken, of key: AccessKey) {
        core.health.reportWorking(.key(key.id, of: key.project))
        core.failures.forget(key)
        core.cache.put(token)
        if key.isEnabled { core.health.reportWorking(.project(key.project)) }
    }
}

extension UnreadableRecord {
    fileprivate func error(about subject: String, remedy: String) -> OperatorError {
        OperatorError(
            .failed, "the database's record of \(subject) cannot be read: \(reason)",
            hint: "\(remedy), or restore a backup"
        )
    }
}
