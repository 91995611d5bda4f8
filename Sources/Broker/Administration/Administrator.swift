package import Foundation

/// Does what operators ask for: one change at a time, each durable together with its audit record before it counts.
package actor Administrator {
    nonisolated let roster: Roster
    nonisolated let store: any Store
    nonisolated let sealer: any Sealer
    nonisolated let cache: CachedTokenSource
    nonisolated let broker: TokenBroker
    nonisolated let ledger: HandOutLedger
    nonisolated let budget: MintBudget
    nonisolated let breaker: MintBreaker
    nonisolated let clock: any BrokerClock
    nonisolated let defaultTokenEndpoint: URL
    /// Mints with a key that is not in the store yet.
    nonisolated let candidateTokens: any TokenSource
    private var lastChange: Task<Void, Never>?

    package init(
        roster: Roster, store: any Store, sealer: any Sealer, cache: CachedTokenSource, broker: TokenBroker,
        ledger: HandOutLedger, budget: MintBudget, breaker: MintBreaker, clock: any BrokerClock,
        defaultTokenEndpoint: URL,
        candidateTokens: any TokenSource
    ) {
        self.roster = roster
        self.store = store
        self.sealer = sealer
        self.cache = cache
        self.broker = broker
        self.ledger = ledger
        self.budget = budget
        self.breaker = breaker
        self.clock = clock
        self.defaultTokenEndpoint = defaultTokenEndpoint
        self.candidateTokens = candidateTokens
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
        let change = Task { [store, roster] in
            await previous?.value
            let (changes, record) = try decide()
            try await store.commit(changes, recording: record)
            roster.apply(changes)
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

    nonisolated func endpoint(of key: AccessKey) -> URL { key.tokenEndpoint ?? defaultTokenEndpoint }

    nonisolated func key(_ id: KeyID) throws -> AccessKey {
        guard let key = roster.key(id) else {
            throw OperatorError(.notFound, "no key '\(id)'", hint: "'token-broker key list' shows them")
        }
        return key
    }

    nonisolated func client(_ id: ClientID) throws -> Client {
        guard let client = roster.client(id) else {
            throw OperatorError(.notFound, "no client '\(id)'", hint: "'token-broker client list' shows them")
        }
        return client
    }

    /// Mints once with a key, to see that it works, and records how that went; the token is there to be kept.
    nonisolated func verify(_ key: AccessKey) async throws -> AccessToken {
        let deadline = Deadline(after: Deadline.mint, from: clock.now)
        do {
            let token = try await candidateTokens.token(
                for: TokenNeed(
                    key: key, endpoint: endpoint(of: key), scope: key.scope, urgency: .caller, deadline: deadline
                )
            )
            try await store.record(AuditRecord(minted: token, with: key, at: clock.now.wall))
            return token
        } catch let failure as MintFailure {
            try await store.record(AuditRecord(failure, with: key, at: clock.now.wall))
            throw failure
        }
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
        case .refused:
            self.init(.refused, "\(failure)", hint: "is the token endpoint right?")
        case .throttled, .unavailable, .garbled, .postponed, .budgetSpent:
            self.init(
                .unavailable, "\(failure)", hint: "try again; key add --no-verify stores a key without minting with it"
            )
        }
    }
}
