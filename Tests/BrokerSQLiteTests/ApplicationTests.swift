import Broker
import BrokerTesting
import Foundation
import Testing

@testable import BrokerSQLite

/// `apply` on a real database, whose rules hold between any two of its changes.
@Suite struct ApplicationTests {
    private func key(
        _ id: String, of project: String, secret: String, state: AccessKey.State?
    ) throws -> WantedKey {
        WantedKey(
            projectID: try ProjectID(project), keyID: try KeyID(id), name: nil, tokenEndpoint: nil, scope: "",
            secret: Secret(secret), state: state, location: id
        )
    }

    private func apply(_ wanted: WantedRegistry, to core: BrokerCore) async throws -> RegistryApplication.Reply {
        try await Administrator(core, for: .administrator(user: 0)).perform(
            RegistryApplication(wanted, prune: true, verify: true, dryRun: false))
    }

    @Test func `whichever key is active before and after, the database takes it`() async throws {
        let broker = try await StoredBroker()
        let ids = ["key-a", "key-b", "key-c"]
        let choices = try ids.flatMap { active in
            try ["p", "q"].flatMap { project in
                try ["1", "2"].map { secret in
                    try ids.map { id in
                        try key(
                            id, of: id == "key-b" ? project : "p", secret: id == "key-c" ? "1" : secret,
                            state: id == active ? .active : nil
                        )
                    }
                }
            }
        }
        for from in choices {
            for to in choices {
                try await broker.run { core in
                    for keys in [from, to] {
                        broker.clock.advance(by: .seconds(1))
                        _ = try await apply(WantedRegistry(keys: keys, clients: nil), to: core)
                    }
                }
                try await broker.run { core in
                    let again = try await apply(WantedRegistry(keys: to, clients: nil), to: core)
                    #expect(again.changes == [])
                }
            }
        }
    }

    @Test func `what a client is recognised by is kept, and its secret's last use`() async throws {
        let broker = try await StoredBroker()
        func client(_ users: Set<UInt32>, _ names: Set<CertificateName>) throws -> WantedRegistry {
            var client = WantedClient(
                clientID: try ClientID("a"), projects: [try ProjectID("p")], users: users, certificateNames: names,
                hasSecret: true, enabled: nil, location: "a"
            )
            client.secret = ClientSecret.generate().reveal()
            return WantedRegistry(keys: nil, clients: [client])
        }
        let used = broker.clock.now.wall
        let first = try client([1, 2], [CertificateName(.dns, "a")])
        let verifier = try await broker.run { core in
            _ = try await apply(first, to: core)
            return try #require(core.registry.client(ClientID("a"))?.credentials.first).verifier
        }
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        try await store.save([(.secret(verifier), used)])
        try store.close()
        let second = try client([2, 3], [CertificateName(.uri, "b:c")])
        try await broker.run { core in _ = try await apply(second, to: core) }
        try await broker.run { core in
            let client = try #require(core.registry.client(ClientID("a")))
            #expect(client.users.sorted() == [2, 3] && client.certificateNames.map(\.description) == ["uri:b:c"])
            #expect(client.credentials.count == 1)
            #expect(abs((client.credentials[0].use.lastDate ?? .distantPast).timeIntervalSince(used)) < 1)
        }
    }
}
