import BrokerTesting
import Testing

@testable import Broker
@testable import BrokerHTTP

/// Every change that must end an answer, at every moment relative to a request that is on its way.
@MainActor struct InvalidationTests {
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Whether it is about those only who are recognised by their Unix user.
        let isOfUser: Bool
        let make: @Sendable (TestListener) async throws -> Void

        init(_ name: String, isOfUser: Bool = false, _ make: @escaping @Sendable (TestListener) async throws -> Void) {
            testDescription = name
            self.isOfUser = isOfUser
            self.make = make
        }
    }

    nonisolated static let changes = [
        Change("client disabled") { _ = try await $0.test.perform(ClientChange(.disable, $0.client.id)) },
        Change("client removed") { _ = try await $0.test.perform(ClientChange(.remove, $0.client.id)) },
        Change("grant revoked") {
            _ = try await $0.test.perform(ClientChange(.revoke(projectID: TestBroker.project), $0.client.id))
        },
        Change("another grant") {
            let other = try ProjectID("project-2")
            _ = try await $0.test.perform(ClientChange(.grant(projectID: other), $0.client.id))
        },
        Change("client secret rotated") {
            _ = try await $0.test.perform(ClientRotation(clientID: $0.client.id, overlap: 0))
        },
        Change("another client for the Unix user", isOfUser: true) {
            _ = try await $0.test.addClient("client-2", users: [1001])
        },
        Change("key disabled") { _ = try await $0.test.perform(KeyChange(.disable, try KeyID("key-1"), force: true)) },
        Change("key removed") { _ = try await $0.test.perform(KeyChange(.remove, try KeyID("key-1"), force: true)) },
        Change("another key added") { try await $0.test.addKey("key-2") },
        Change("token replaced") { _ = try await $0.test.perform(KeyVerification(try KeyID("key-1"))) },
        Change("token rejected") { listener in
            let token = try await listener.test.accessToken()
            let outcome = try await listener.test.core.broker.replace(
                token.digest, of: TestBroker.project, as: listener.authorization())
            #expect(outcome == .replaced)
        },
        Change("key refused after a report") { listener in
            let token = try await listener.test.accessToken()
            listener.test.endpoint.fail(.keyRefused, key: try KeyID("key-1"))
            _ = try? await listener.test.core.broker.replace(
                token.digest, of: TestBroker.project, as: listener.authorization())
        },
        Change("key refused when more life was asked for") { listener in
            listener.test.clock.advance(by: .seconds(1200))
            listener.test.endpoint.fail(.keyRefused, key: try KeyID("key-1"))
            let asked = TokenRequest(project: TestBroker.project, scope: nil, minimumLife: .seconds(2500))
            _ = try? await listener.test.core.broker.token(for: asked, as: listener.authorization())
        },
    ]

    private let request = ResponseCacheTests.get

    @Test(arguments: changes, [1001, nil] as [UInt32?])
    func `a change ends the answers that it is about`(change: Change, user: UInt32?) async throws {
        let listener = try await TestListener()
        let connection = try listener.connect(user: user)
        connection.send(request)
        _ = try await connection.goTheWholeWay()
        try listener.expect(request, isCached: true, user: user)
        try await change.make(listener)
        if user == nil, change.isOfUser { return try listener.expect(request, isCached: true, user: user) }
        try listener.expect(request, isCached: false, user: user)
        connection.send(request)
        #expect(try connection.sent().isEmpty)
        #expect(connection.requestsPassedOn == 2)
    }

    @Test(arguments: changes)
    func `a response that was decided on before a change is not cached after it`(change: Change) async throws {
        let listener = try await TestListener()
        let connection = try listener.connect(user: 1001)
        connection.send(request)
        try await connection.decide()
        try await change.make(listener)
        _ = try connection.answer()
        try listener.expect(request, isCached: false, user: 1001)
    }

    @Test(arguments: changes.prefix(9))
    func `the response to a request that came before a change is not cached after it`(change: Change) async throws {
        let listener = try await TestListener()
        let connection = try listener.connect(user: 1001)
        connection.send(request)
        try await change.make(listener)
        // Whether there is an answer at all depends on the change; if so, it is not repeated.
        if (try? await connection.decide()) != nil { _ = try connection.answer() }
        try listener.expect(request, isCached: false, user: 1001)
    }

    @Test func `a key that works again comes first again`() async throws {
        let listener = try await TestListener()
        let key = try KeyID("key-1")
        try await listener.test.addKey("key-2")
        listener.test.endpoint.fail(.keyRefused, key: key)
        // The first response finds the key out, which changes what it was decided on.
        for _ in 0..<2 { #expect(try await listener.learn(request).contains("of-key-2")) }
        try listener.expect(request, isCached: true)
        listener.test.endpoint.fail(nil, key: key)
        _ = try await listener.test.perform(KeyVerification(key))
        try listener.expect(request, isCached: false)
        #expect(try await listener.learn(request).contains("of-key-1"))
    }

    @Test func `a change of another client, project or user ends nothing`() async throws {
        let listener = try await TestListener()
        _ = try await listener.learn(request, user: 1001)
        _ = try await listener.test.addClient("client-2", users: [1002])
        try await listener.test.addKey("key-2", project: try ProjectID("project-2"))
        _ = try await listener.test.perform(ClientChange(.disable, try ClientID("client-2")))
        try listener.expect(request, isCached: true, user: 1001)
    }

    @Test func `an answer that was asked for with an old secret ends with it, and that of the new one does not`()
        async throws
    {
        let listener = try await TestListener()
        _ = try await listener.test.perform(ClientRotation(clientID: listener.client.id, overlap: 100))
        let client = try #require(listener.test.core.registry.client(listener.client.id))
        let listeners = client.credentials.map { TestListener(listener, as: client, by: $0) }
        #expect(listeners.count == 2)
        for listener in listeners { _ = try await listener.learn(request) }
        listener.test.clock.advance(by: .seconds(99))
        for listener in listeners { try listener.expect(request, isCached: true) }
        listener.test.clock.advance(by: .seconds(2))
        for listener in listeners {
            try listener.expect(request, isCached: listener.credential.expires == nil)
        }
    }
}
