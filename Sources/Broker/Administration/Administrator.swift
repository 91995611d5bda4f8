/// Does what operators ask for: one change at a time, each durable together with its audit record before it counts.
package actor Administrator {
    nonisolated let registry: Registry
    nonisolated let store: any Store
    nonisolated let sealer: any Sealer
    nonisolated let cache: TokenCache
    nonisolated let queue: RefreshQueue
    nonisolated let failures: FailedMints
    nonisolated let health: Health
    nonisolated let tokens: ProjectTokens
    nonisolated let broker: TokenBroker
    /// Mints, with any key, whether it is in the store or not.
    nonisolated let mints: any TokenSource
    nonisolated let budget: MintBudget
    nonisolated let breaker: MintBreaker
    nonisolated let clock: any BrokerClock
    private var lastChange: Task<Void, Never>?

    package init(
        registry: Registry, store: any Store, sealer: any Sealer, cache: TokenCache, queue: RefreshQueue,
        failures: FailedMints, health: Health,
        tokens: ProjectTokens, broker: TokenBroker, mints: any TokenSource, budget: MintBudget, breaker: MintBreaker,
        clock: any BrokerClock
    ) {
        self.registry = registry
        self.store = store
        self.sealer = sealer
        self.cache = cache
        self.queue = queue
        self.failures = failures
        self.health = health
        self.tokens = tokens
        self.broker = broker
        self.mints = mints
        self.budget = budget
        self.breaker = breaker
        self.clock = clock
    }

    package nonisolated func perform<Request: AdminRequest>(
        _ request: Request, for actor: Actor
    ) async throws -> Request.Reply {
        do {
            return try await request.perform(by: self, for: actor)
        } catch BrokerError.invalidRequest(let message) {
            throw OperatorError(.invalid, message)
        } catch BrokerError.invalidScope {
            throw OperatorError(
                .invalid, "a scope has printable ASCII characters, no quotation marks and no backslashes")
        } catch let failure as MintFailure {
            throw OperatorError(failure)
        }
    }

    /// Decides on a change, commits it and puts it into effect, after the changes that came before it.
    ///
    /// The change belongs to the broker: whoever asked may go away, it is wholly made or wholly not.
    func change(_ decide: @escaping @Sendable () throws -> (changes: [Change], record: AuditRecord)) async throws {
        let previous = lastChange
        let change = Task { [store, registry] in
            await previous?.value
            let (changes, record) = try decide()
            try await store.commit(changes, recording: record)
            registry.apply(changes)
        }
        lastChange = Task { _ = await change.result }
        try await change.value
    }

    nonisolated func record(
        _ action: AuditRecord.Action, by actor: Actor, project: ProjectID? = nil, key: KeyID? = nil,
        client: ClientID? = nil
    ) -> AuditRecord {
        AuditRecord(at: clock.now.wall, actor: actor, action: action, project: project, key: key, client: client)
    }

    nonisolated func key(_ id: KeyID) throws -> AccessKey {
        guard let key = registry.key(id) else {
            throw OperatorError(.notFound, "no key '\(id)'", hint: "'token-broker key list' shows them")
        }
        return key
    }

    nonisolated func client(_ id: ClientID) throws -> Client {
        guard let client = registry.client(id) else {
            throw OperatorError(.notFound, "no client '\(id)'", hint: "'token-broker client list' shows them")
        }
        return client
    }

    /// Mints once with a key, to see that it works; the token is there to be kept.
    nonisolated func verify(_ key: AccessKey) async throws -> AccessToken {
        try await mints.token(
            for: MintRequest(
                key: key, endpoint: registry.endpoint(of: key), scope: key.scope, purpose: .verification,
                deadline: Deadline(after: Deadline.mint, from: clock.now)
            )
        )
    }

    /// Holds the token that a key was verified with, and ends whatever the key was in trouble for.
    nonisolated func adopt(_ token: AccessToken, of key: AccessKey) {
        failures.forget(key)
        cache.put(token)
    }
}

/// An administrator who works for one operator.
package struct LocalAdministration: Administration {
    private let administrator: Administrator
    private let actor: Actor

    package init(_ administrator: Administrator, for actor: Actor) {
        self.administrator = administrator
        self.actor = actor
    }

    package func perform<Request: AdminRequest>(_ request: Request) async throws -> Request.Reply {
        try await administrator.perform(request, for: actor)
    }
}

extension OperatorError {
    init(_ failure: MintFailure) {
        switch failure {
        case .keyRefused:
            self.init(
                .refused, "\(failure)",
                hint: "check key ID and secret at Sinch; key add --no-verify stores a key without minting with it"
            )
        case .secretDamaged:
            self.init(
                .failed, "\(failure)",
                hint: "restore the database from a backup, or register the key anew: key remove, key add"
            )
        case .refused:
            self.init(.refused, "\(failure)", hint: "is the token endpoint right?")
        case .throttled, .unavailable, .garbled, .postponed, .budgetSpent:
            self.init(
                .unavailable, "\(failure)", hint: "try again; key add --no-verify stores a key without minting with it"
            )
        }
    }
}
