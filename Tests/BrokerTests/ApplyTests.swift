import Broker
import BrokerTesting
import Foundation
import Testing

@Suite struct ApplyTests {
    private let secret = ClientSecret.generate().reveal()

    private func apply(
        _ broker: TestBroker, keys: [WantedKey]? = nil, clients: [WantedClient]? = nil, prune: Bool = false,
        verify: Bool = true, dryRun: Bool = false, allowing endpoints: [String] = ["https://a.example/token"],
        removing removedKeys: Set<KeyID> = [], _ removedClients: Set<ClientID> = []
    ) async throws -> RegistryApplication.Reply {
        broker.clock.advance(by: .seconds(1))
        let wanted = WantedRegistry(
            keys: keys, clients: clients, removedKeys: removedKeys, removedClients: removedClients)
        return try await broker.perform(
            RegistryApplication(wanted, allowing: endpoints, prune: prune, verify: verify, dryRun: dryRun))
    }

    private func key(
        _ id: String, of project: ProjectID = TestBroker.project, secret: String? = "secret", name: String? = nil,
        scope: String = "", tokenEndpoint: String? = nil, state: AccessKey.State? = nil
    ) throws -> WantedKey {
        WantedKey(
            projectID: project, keyID: try KeyID(id), name: name, tokenEndpoint: tokenEndpoint, scope: scope,
            secret: secret.map { Secret($0) }, state: state, location: "document:\(id)"
        )
    }

    private func client(
        _ id: String, _ projects: Set<ProjectID> = [TestBroker.project], users: Set<UInt32> = [],
        names: Set<CertificateName> = [], secret: String? = nil, enabled: Bool? = nil
    ) throws -> WantedClient {
        var client = WantedClient(
            clientID: try ClientID(id), projects: projects, users: users, certificateNames: names,
            hasSecret: secret != nil, enabled: enabled, location: "document:\(id)"
        )
        client.secret = secret
        return client
    }

    private func states(_ broker: TestBroker, of project: ProjectID = TestBroker.project) async throws -> [String] {
        let keys = try await broker.perform(KeyListing(of: project)).keys
        return keys.map { "\($0.keyID) \($0.state.rawValue)" }
    }

    private func message(_ work: () async throws -> some Sendable) async -> String? {
        await #expect(throws: OperatorError.self) { _ = try await work() }?.message
    }

    @Test func `keys and clients are registered, and the token is kept`() async throws {
        let broker = try await TestBroker()
        let reply = try await apply(
            broker, keys: [key("key-1"), key("key-2")], clients: [client("client-1", secret: secret, enabled: false)])
        #expect(reply.applied && reply.changes.map(\.action) == [.add, .add, .add])
        #expect(try await states(broker) == ["key-1 active", "key-2 standby"])
        _ = try await broker.token()
        #expect(try broker.endpoint.mints.sorted() == [KeyID("key-1"), KeyID("key-2")])
        let listed = try await broker.perform(ClientListing(page: Page())).clients
        #expect(listed.map(\.projects) == [[TestBroker.project]] && listed[0].secrets.count == 1 && !listed[0].enabled)
    }

    @Test func `what the document does not name is reported, and goes where it says so`() async throws {
        let broker = try await TestBroker()
        let (one, two) = try (client("client-1", users: [1]), client("client-2", users: [2]))
        _ = try await apply(broker, keys: [key("key-1"), key("key-2")], clients: [one, two])

        let reported = try await apply(broker, keys: [key("key-1")], clients: [one])
        #expect(reported.changes.isEmpty)
        #expect(reported.unnamedKeys.map(\.description) == ["key-2"])
        #expect(reported.unnamedClients.map(\.description) == ["client-2"])
        // A document without the list says nothing of its kind.
        #expect(try await apply(broker, keys: [key("key-1")]).unnamedClients.isEmpty)

        let (key2, client2) = try (KeyID("key-2"), ClientID("client-2"))
        let removal = try await apply(broker, removing: [key2], [client2])
        #expect(removal.changes.map(\.action) == [.remove, .remove] && removal.unnamedClients.isEmpty)
        #expect(try await states(broker) == ["key-1 active"])
        #expect(try await broker.perform(ClientListing(page: Page())).clients.map(\.clientID) == [one.clientID])
        let again = try await apply(broker, removing: [key2], [client2])
        #expect(again.changes.isEmpty)
    }

    @Test func `nothing is wanted and removed at once, and no grant loses its last key`() async throws {
        let broker = try await TestBroker()
        let one = try client("client-1", users: [1])
        _ = try await apply(broker, keys: [key("key-1")], clients: [one])
        let twice = await message { try await apply(broker, clients: [one], removing: [], [one.clientID]) }
        #expect(twice?.contains("it is in 'removed', too") ?? false)
        let granted = await message { try await apply(broker, removing: [KeyID("key-1")]) }
        #expect(granted?.contains("would have no enabled key left") ?? false)
        #expect(try await apply(broker, removing: [KeyID("key-1")], [one.clientID]).applied)
    }

    @Test func `the second time nothing happens`() async throws {
        let broker = try await TestBroker()
        let keys = try [key("key-1", name: "a", scope: "b a", tokenEndpoint: "https://a.example/token")]
        let clients = try [client("client-1", users: [1], names: [CertificateName(.dns, "a")], secret: secret)]
        _ = try await apply(broker, keys: keys, clients: clients)
        let (records, mints) = (broker.store.records.count, broker.endpoint.mints.count)
        let again = try await apply(broker, keys: keys, clients: clients, prune: true)
        #expect(again.changes == [] && !again.applied)
        #expect(broker.store.records.count == records && broker.endpoint.mints.count == mints)
    }

    @Test func `a dry run tells the same and does nothing`() async throws {
        let broker = try await TestBroker()
        let plan = try await apply(broker, keys: [key("key-1")], clients: [client("a", secret: secret)], dryRun: true)
        #expect(broker.store.records.isEmpty && broker.endpoint.mints.isEmpty && !plan.applied)
        let reply = try await apply(broker, keys: [key("key-1")], clients: [client("a", secret: secret)])
        #expect(reply.changes == plan.changes && reply.newSecrets == plan.newSecrets && plan.newSecrets.count == 1)
    }

    @Test func `whatever a key is registered with may change`() async throws {
        let broker = try await TestBroker()
        let other = try ProjectID("other")
        for wanted in try [
            key("key-1"), key("key-1", secret: "another"), key("key-1", name: "name"), key("key-1", scope: "a b"),
            key("key-1", tokenEndpoint: "https://a.example/token"), key("key-1", of: other),
        ] {
            let slot = broker.core.registry.key(wanted.keyID).map { $0.slot(for: $0.scope) }
            let before = slot.flatMap { broker.core.cache.token(in: $0) }
            let reply = try await apply(broker, keys: [wanted])
            #expect(reply.changes.count == 1)
            let minted = broker.endpoint.mints.count
            let token = try await broker.accessToken(of: wanted.projectID)
            #expect(token.digest != before?.digest, "an old token after \(reply.changes)")
            #expect(slot.map { broker.core.cache.token(in: $0) == nil } != false, "it is kept after \(reply.changes)")
            #expect(broker.endpoint.mints.count == minted, "minted once more after \(reply.changes)")
            #expect(try await apply(broker, keys: [wanted]).changes == [])
        }
        #expect(try await states(broker) == [])
        #expect(try await states(broker, of: other) == ["key-1 active"])
    }

    @Test func `a key that changes is tried, and a refused one changes nothing`() async throws {
        let broker = try await TestBroker()
        _ = try await apply(broker, keys: [key("key-1")])
        let records = broker.store.records.count
        broker.endpoint.fail(.keyRefused, key: try KeyID("key-2"))
        let said = await message {
            try await apply(
                broker, keys: [key("key-1", name: "new"), key("key-2")], clients: [client("a", users: [1])])
        }
        #expect(said?.hasPrefix("document:key-2: key 'key-2': ") == true)
        #expect(broker.core.registry.clients.isEmpty)
        #expect(broker.core.registry.key(try KeyID("key-1"))?.name == nil)
        #expect(broker.store.records.dropFirst(records).allSatisfy { [.tokenMinted, .mintFailed].contains($0.action) })
        _ = try await apply(broker, keys: [key("key-2")], verify: false)
    }

    @Test func `a token endpoint that no key uses is refused until the operator allows it`() async throws {
        let broker = try await TestBroker()
        let elsewhere = try key("key-1", tokenEndpoint: "https://a.example/token")
        for dryRun in [true, false] {
            let said = await message { try await apply(broker, keys: [elsewhere], dryRun: dryRun, allowing: []) }
            #expect(said?.hasPrefix("document:key-1: key 'key-1': no registered key uses the token endpoint") == true)
        }
        #expect(broker.endpoint.mints.isEmpty && broker.store.records.isEmpty)
        _ = try await apply(broker, keys: [key("key-2", tokenEndpoint: TokenEndpointURL.sinch)], allowing: [])
        _ = try await apply(broker, keys: [elsewhere])
        _ = try await apply(
            broker, keys: [elsewhere, key("key-3", tokenEndpoint: "https://a.example/token")], allowing: [])
        #expect(broker.core.registry.endpoints.count == 3)
    }

    @Test func `a key without its secret stays as it is`() async throws {
        let broker = try await TestBroker()
        #expect(
            await message { try await apply(broker, keys: [key("key-1", secret: nil)]) }?
                .contains("document:key-1: key 'key-1': it has no 'secret_file'") == true)
        _ = try await apply(broker, keys: [key("key-1")])
        #expect(try await apply(broker, keys: [key("key-1", secret: nil)]).changes == [])
        let said = await message { try await apply(broker, keys: [key("key-1", secret: nil, name: "new")]) }
        #expect(said?.contains("has no 'secret_file'") == true)
    }

    @Test(
        arguments: [
            ([.active, nil], ["key-1 active", "key-2 standby"]), ([nil, .active], ["key-2 active", "key-1 standby"]),
            ([.disabled, nil], ["key-2 active", "key-1 disabled"]),
            ([.standby, nil], ["key-2 active", "key-1 standby"]),
            ([.standby, .active], ["key-2 active", "key-1 standby"]),
            ([.disabled, .disabled], ["key-1 disabled", "key-2 disabled"]),
            ([nil, .disabled], ["key-1 active", "key-2 disabled"]),
        ] as [([AccessKey.State?], [String])])
    func `one enabled key is active`(_ wanted: [AccessKey.State?], _ states: [String]) async throws {
        for isThere in [false, true] {
            let broker = try await TestBroker()
            if isThere { _ = try await apply(broker, keys: [key("key-1"), key("key-2")]) }
            _ = try await apply(broker, keys: [key("key-1", state: wanted[0]), key("key-2", state: wanted[1])])
            #expect(try await self.states(broker) == states)
            // What is not said is left alone.
            #expect(try await apply(broker, keys: [key("key-1"), key("key-2")]).changes == [])
        }
    }

    @Test func `states that no keys can have are refused`() async throws {
        let broker = try await TestBroker()
        let two = await message {
            try await apply(broker, keys: [key("key-1", state: .active), key("key-2", state: .active)])
        }
        #expect(two?.hasPrefix("document:key-2: ") == true && two?.contains("'key-1' is to be active as well") == true)
        let none = await message {
            try await apply(broker, keys: [key("key-1", state: .standby), key("key-2", state: .disabled)])
        }
        #expect(none?.hasPrefix("document:key-1: ") == true)
        #expect(broker.store.records.isEmpty)
    }

    @Test func `pruning removes what is not named, of the kinds that are`() async throws {
        let broker = try await TestBroker()
        _ = try await apply(
            broker, keys: [key("key-1"), key("key-2")], clients: [client("a", users: [1]), client("b", users: [2])])
        #expect(try await apply(broker, keys: [key("key-2")], clients: [client("a", users: [1])]).changes == [])
        #expect(try await apply(broker, keys: [key("key-2")], prune: true).changes.map(\.action) == [.remove, .change])
        #expect(try await states(broker) == ["key-2 active"])
        #expect(broker.core.registry.clients.count == 2)
        let reply = try await apply(broker, clients: [client("b", users: [2])], prune: true)
        #expect(reply.changes.map(\.clientID) == [try ClientID("a")])
        #expect(broker.core.registry.clients.map(\.id) == [try ClientID("b")])
        #expect(try await states(broker) == ["key-2 active"])
    }

    @Test func `a project that a client is granted keeps a key`() async throws {
        let broker = try await TestBroker()
        _ = try await apply(broker, keys: [key("key-1")], clients: [client("a", users: [1])])
        for (keys, clients) in try [
            ([], nil), ([key("key-1", state: .disabled)], nil), ([], [client("a", users: [1])]),
            ([key("key-1", of: ProjectID("other"))], nil),
        ] as [([WantedKey], [WantedClient]?)] {
            let said = await message { try await apply(broker, keys: keys, clients: clients, prune: true) }
            #expect(said == "project 'project-1' would have no enabled key left, and client 'a' is granted it")
        }
        _ = try await apply(broker, keys: [], clients: [client("a", [], users: [1])], prune: true)
        #expect(try await states(broker) == [])
    }

    @Test func `a client becomes what is written, and its secret is left alone`() async throws {
        let broker = try await TestBroker()
        let (a, b) = (try ProjectID("a"), try ProjectID("b"))
        _ = try await apply(broker, clients: [client("one", [a], users: [1], enabled: false)])
        let first = try await apply(broker, clients: [client("one", [b], users: [2], secret: secret)])
        #expect(first.newSecrets == [try ClientID("one")])
        #expect(
            first.changes.map(\.details) == [
                ["recognised by: uid:1 → uid:2", "secret: new", "granted: b", "revoked: a"]
            ])
        let after = try #require(broker.core.registry.client(ClientID("one")))
        #expect(after.users == [2] && after.grants == [b] && after.credentials.count == 1 && !after.isEnabled)
        #expect(
            broker.store.records.suffix(4).map(\.action.rawValue)
                == ["client.identities_changed", "client.rotated", "client.granted", "client.revoked"])
        let other = ClientSecret.generate().reveal()
        #expect(try await apply(broker, clients: [client("one", [b], users: [2], secret: other)]).changes == [])
        #expect(try await apply(broker, clients: [client("one", [b], users: [2])]).changes == [])
        _ = try await apply(broker, clients: [client("one", [b], users: [2], enabled: true)])
        #expect(broker.core.registry.client(after.id)?.isEnabled == true)
    }

    @Test func `clients that cannot be are refused`() async throws {
        let broker = try await TestBroker()
        for (clients, word) in try [
            ([client("a")], "document:a: client 'a': it can authenticate by nothing"),
            ([client("a", users: [65534])], "document:a: client 'a': 65534 is the number of no Unix user"),
            ([client("a", secret: "guessed")], "document:a: client 'a': a client secret is 'tbs_'"),
            ([client("a", secret: "tbs_Z3Vlc3NlZA")], "document:a: client 'a': a client secret is 'tbs_'"),
            (
                [client("a", secret: "tbs_+" + String(repeating: "A", count: 42))],
                "document:a: client 'a': a client secret is 'tbs_'"
            ),
            (
                [client("a", secret: secret), client("b", secret: secret)],
                "document:b: client 'b': its secret is another client's"
            ),
            (
                [client("a", users: [1]), client("a", users: [2])],
                "document:a: client 'a': it is in document:a already"
            ),
        ] {
            #expect(await message { try await apply(broker, clients: clients) }?.hasPrefix(word) == true)
        }
        let keys = try [
            key("a", secret: "two words"), key("a", scope: "\""), key("a", tokenEndpoint: "http://a.example"),
        ]
        for key in keys {
            #expect(await message { try await apply(broker, keys: [key]) }?.hasPrefix("document:a: ") == true)
        }
        #expect(await message { try await apply(broker, keys: [key("a"), key("a")]) }?.contains("already") == true)
        #expect(broker.store.records.isEmpty && broker.endpoint.mints.isEmpty)
    }

    @Test func `what may be meant is asked of a few projects only, however many have no key`() async throws {
        let broker = try await TestBroker()
        try await broker.addKey()
        let others = try (2..<100).map { try ProjectID("project-\($0)") }
        let reply = try await apply(broker, clients: [client("a", Set(others), users: [1])])
        #expect(reply.projectsWithoutKeys.count == others.count && reply.similarProjects?.count == 5)
    }

    @Test func `no client is registered without the secret that it is to have`() async throws {
        let broker = try await TestBroker()
        let wanted = WantedClient(
            clientID: try ClientID("a"), projects: [], users: [], certificateNames: [], hasSecret: true, enabled: nil,
            location: "document:a"
        )
        #expect(try await apply(broker, clients: [wanted], dryRun: true).newSecrets == [wanted.clientID])
        #expect(await message { try await apply(broker, clients: [wanted]) }?.contains("removed meanwhile") == true)
        #expect(broker.core.registry.clients.isEmpty)
    }

    @Test func `a client may be renamed with its secret`() async throws {
        let broker = try await TestBroker()
        _ = try await apply(broker, clients: [client("old", secret: secret)])
        _ = try await apply(broker, clients: [client("new", secret: secret)], prune: true)
        #expect(broker.core.registry.clients.map(\.id) == [try ClientID("new")])
    }

    /// What comes of two applications of a document, each with its own secret for its client, at the same time.
    private func applyAtTheSameTime(
        secrets: [String], to broker: TestBroker
    ) async throws -> [Result<RegistryApplication.Reply, any Error>] {
        let gate = Gate()
        broker.endpoint.hold(by: gate)
        let applications = secrets.map { secret in
            Task { try await apply(broker, keys: [key("key-1")], clients: [client("a", secret: secret)]) }
        }
        try await until { broker.endpoint.mints.count == secrets.count }
        await gate.open()
        var results: [Result<RegistryApplication.Reply, any Error>] = []
        for application in applications { results.append(await application.result) }
        return results
    }

    @Test func `the same document, applied twice at the same time, is applied once`() async throws {
        let broker = try await TestBroker()
        let replies = try await applyAtTheSameTime(secrets: [secret, secret], to: broker).map { try $0.get() }
        #expect(replies.map(\.applied).filter(\.self) == [true])
        #expect(replies.map(\.changes.count).sorted() == [0, 2] && replies.map(\.newSecrets.count).sorted() == [0, 1])
        #expect(broker.store.records.filter { $0.action == .keyAdded }.count == 1)
    }

    @Test func `a client secret that lost against another is not reported as applied`() async throws {
        let broker = try await TestBroker()
        let other = ClientSecret.generate().reveal()
        let results = try await applyAtTheSameTime(secrets: [secret, other], to: broker)
        let errors = results.compactMap { if case .failure(let error) = $0 { error as? OperatorError } else { nil } }
        #expect(errors.count == 1 && errors[0].message.contains("meanwhile"))
    }

    @Test func `what somebody else changes meanwhile is not overrun`() async throws {
        let broker = try await TestBroker()
        let gate = Gate()
        broker.endpoint.hold(by: gate)
        let application = Task { try await apply(broker, keys: [key("key-1")], clients: [client("a", users: [1])]) }
        try await until { !broker.endpoint.mints.isEmpty }
        _ = try await broker.addClient("a", users: [3])
        await gate.open()
        #expect(await message { try await application.value }?.contains("meanwhile") == true)
        #expect(broker.core.registry.client(try ClientID("a"))?.users == [3])
        #expect(try await states(broker) == [])
    }

    @Test(arguments: 0..<40)
    func `from whatever is there, it is one step`(seed: UInt64) async throws {
        var dice = Dice(seed: seed)
        func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &dice) }
        let broker = try await TestBroker()
        for _ in 0..<6 {
            let keys = try (0..<5).filter { _ in roll(2) == 0 }.map { number in
                try key(
                    "key-\(number)", of: ProjectID("project-\(roll(2))"), secret: "secret-\(roll(2))",
                    state: [.disabled, nil, nil, nil][roll(4)]
                )
            }
            let clients = try (0..<4).filter { _ in roll(2) == 0 }.map { number in
                try client(
                    "client-\(number)",
                    Set((0..<2).filter { _ in roll(3) == 0 }.map { try ProjectID("project-\($0)") }),
                    users: [UInt32(roll(3))], enabled: [true, false, nil][roll(3)]
                )
            }
            let prune = roll(2) == 0
            do {
                _ = try await apply(broker, keys: keys, clients: clients, prune: prune, verify: false)
            } catch let error as OperatorError where error.reason == .conflict {
                continue
            }
            #expect(try await apply(broker, keys: keys, clients: clients, prune: prune).changes == [])
            for project in broker.core.registry.projects {
                let keys = broker.core.registry.keys(of: project)
                #expect(keys.filter { $0.state == .active }.count == (keys.contains(where: \.isEnabled) ? 1 : 0))
            }
            let stored = try await broker.store.contents(of: .everything)
            #expect(
                Set(stored.keys.map { "\($0.id) \($0.version) \($0.state)" })
                    == Set(
                        broker.core.registry.projects.flatMap(broker.core.registry.keys).map {
                            "\($0.id) \($0.version) \($0.state)"
                        }))
        }
    }
}
