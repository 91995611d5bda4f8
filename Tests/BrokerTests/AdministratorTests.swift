import Broker
import BrokerTesting
import Testing

struct AdministratorTests {
    @Test func `a key is minted with before it is stored, and that token is kept`() async throws {
        let test = try await TestBroker()
        _ = try await test.perform(KeyAddition(TestBroker.registration(try KeyID("key-1"), verify: true)))
        #expect(try await test.token() == "token-1-of-key-1")
        #expect(test.endpoint.mints.count == 1)
    }

    @Test func `a key that is refused is not stored`() async throws {
        let test = try await TestBroker()
        test.endpoint.fail(.keyRefused)
        let error = await #expect(throws: OperatorError.self) {
            try await test.perform(KeyAddition(TestBroker.registration(try KeyID("key-1"), verify: true)))
        }
        #expect(error?.reason == .refused)
        #expect(try await test.perform(KeyListing(page: Page())).keys.isEmpty)
        #expect(test.store.records.allSatisfy { $0.action != .keyAdded })
    }

    @Test func `nothing counts that was not made durable`() async throws {
        let test = try await TestBroker()
        test.store.setFull(true)
        await #expect(throws: OperatorError(MemoryStore.full)) { try await test.addKey() }
        #expect(try await test.perform(KeyListing(page: Page())).keys.isEmpty)
        test.store.setFull(false)
        try await test.addKey()
    }

    @Test func `a change is decided on when the one before it is durable`() async throws {
        let test = try await TestBroker()
        let gate = Gate()
        test.store.hold(.keyAdded, by: gate)
        async let first = test.addKey("key-1")
        await gate.reached(by: 1)
        async let second = test.addKey("key-2")
        for _ in 0..<1000 { await Task.yield() }
        await gate.open()
        _ = try await (first, second)
        #expect(try await states(test) == ["key-1": .active, "key-2": .standby])
    }

    @Test func `a project's first key is active, the next stands by, and steps in`() async throws {
        let test = try await TestBroker()
        let first = try await test.addKey("key-1")
        let second = try await test.addKey("key-2")
        #expect(try await states(test) == ["key-1": .active, "key-2": .standby])
        _ = try await test.perform(KeyChange(.disable, first))
        #expect(try await states(test) == ["key-1": .disabled, "key-2": .active])
        _ = try await test.perform(KeyChange(.enable, first))
        #expect(try await states(test) == ["key-1": .standby, "key-2": .active])
        _ = try await test.perform(KeyChange(.activate, first))
        #expect(try await states(test) == ["key-1": .active, "key-2": .standby])
        _ = try await test.perform(KeyChange(.remove, first))
        #expect(try await states(test) == ["key-2": .active])
        for verb in [KeyChange.Verb.remove, .disable] {
            let error = await #expect(throws: OperatorError.self) { try await test.perform(KeyChange(verb, second)) }
            #expect(error?.reason == .conflict)
        }
        _ = try await test.perform(KeyChange(.remove, second, force: true))
        #expect(try await states(test).isEmpty)
    }

    @Test func `a rotation is done at once, and says when the old key may go`() async throws {
        let test = try await TestBroker()
        try await test.addKey("key-1")
        _ = try await test.token()
        let rotation = try await test.perform(
            KeyRotation(TestBroker.registration(try KeyID("key-2"), verify: true))
        )
        #expect(rotation.previous?.state == .standby)
        #expect(rotation.previousMayBeDeletedAt == test.clock.now.advanced(by: .seconds(3599)).wall)
        #expect(try await test.token() == "token-2-of-key-2")
    }

    @Test func `verifying a key ends its quarantine`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        test.endpoint.fail(.keyRefused)
        await #expect(throws: BrokerError.everyKeyRefused) { try await test.token() }
        #expect(try await test.perform(KeyListing(page: Page())).keys.first?.quarantined == true)
        test.endpoint.fail(nil)
        #expect(try await test.perform(KeyVerification(key)).quarantined == false)
        _ = try await test.token()
    }

    @Test func `verifying a key that is refused quarantines it, and the token that is held stays`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        let token = try await test.token()
        test.endpoint.fail(.keyRefused)
        await #expect(throws: OperatorError.self) { try await test.perform(KeyVerification(key)) }
        let status = try await test.perform(StatusReport())
        #expect(status.quarantinedKeys == [key] && status.needsOperator)
        #expect(try await test.token() == token)
    }

    @Test func `verifying a disabled key that is refused is no problem`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey("key-1")
        try await test.addKey("key-2")
        _ = try await test.perform(KeyChange(.disable, key))
        test.endpoint.fail(.keyRefused)
        await #expect(throws: OperatorError.self) { try await test.perform(KeyVerification(key)) }
        #expect(try await test.perform(StatusReport()).problems.isEmpty)
    }

    @Test func `a new secret that is refused says nothing of the registered one`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        test.endpoint.fail(.keyRefused)
        await #expect(throws: OperatorError.self) {
            try await test.perform(KeySecretReplacement(key, secret: Secret("mistyped"), verify: true))
        }
        #expect(try await test.perform(StatusReport()).problems.isEmpty)
    }

    @Test func `an endpoint that is named by nothing but a key that failed is no problem afterwards`() async throws {
        let test = try await TestBroker()
        test.endpoint.fail(.unavailable("no answer"))
        let key = TestBroker.registration(try KeyID("key-1"), tokenEndpoint: "https://a.example/token", verify: true)
        for request in [key, TestBroker.registration(try KeyID("key-1"), verify: true)] {
            await #expect(throws: OperatorError.self) { try await test.perform(KeyAddition(request)) }
        }
        // The usual one is asked again.
        let subjects = try await test.status().problems.map(\.subject)
        #expect(subjects == ["registry", "token endpoint http://127.0.0.1/oauth2/token"])
    }

    @Test func `a registry without a key is a problem until a key is registered`() async throws {
        let test = try await TestBroker()
        #expect(try await test.status().problems.map(\.state) == ["empty"])
        #expect(try await test.status().needsOperator)
        let key = try KeyID("key-1")
        _ = try await test.perform(KeyAddition(TestBroker.registration(key, verify: false)))
        #expect(try await test.status().problems.isEmpty)
        _ = try await test.perform(KeyChange(.remove, key, force: true))
        #expect(try await test.status().problems.map(\.state) == ["empty"])
    }

    @Test func `every change has its record, with who made it`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        try await test.addClient()
        let client = try ClientID("client-1")
        let other = try ProjectID("project-2")
        _ = try await test.perform(ClientChange(.grant(projectID: other), client))
        _ = try await test.perform(ClientChange(.revoke(projectID: other), client))
        _ = try await test.perform(ClientRotation(clientID: client, overlap: 0))
        _ = try await test.perform(ClientChange(.remove, client))
        _ = try await test.perform(KeyChange(.remove, key, force: true))
        #expect(
            test.store.records.map(\.action) == [
                .keyAdded, .clientAdded, .clientGranted, .clientGranted, .clientRevoked, .clientRotated, .clientRemoved,
                .keyRemoved,
            ]
        )
        #expect(test.store.records.allSatisfy { $0.actor == .administrator(user: 0) })
    }

    private func states(_ test: TestBroker) async throws -> [String: AccessKey.State] {
        let keys = try await test.perform(KeyListing(page: Page())).keys
        return Dictionary(uniqueKeysWithValues: keys.map { ($0.keyID.description, $0.state) })
    }
}
