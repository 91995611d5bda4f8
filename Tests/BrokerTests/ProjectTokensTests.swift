import Broker
import BrokerTesting
import Testing

struct ProjectTokensTests {
    @Test func `a refused key is passed over for the next one, and not asked for a while`() async throws {
        let test = try await TestBroker()
        let first = try await test.addKey("key-1")
        let second = try await test.addKey("key-2")
        test.endpoint.fail(.keyRefused, key: first)
        #expect(try await test.token() == "token-2-of-key-2")
        #expect(test.endpoint.mints == [first, second], "one attempt is enough to know")
    }

    @Test func `a key that is refused at a refresh loses its place, although its token seems alive`() async throws {
        let test = try await TestBroker()
        let first = try await test.addKey("key-1")
        try await test.addKey("key-2")
        let token = try await test.token()
        test.endpoint.fail(.keyRefused, key: first)
        test.clock.advance(by: .seconds(2800))
        #expect(try await test.token() == token)
        try await test.refresh()
        #expect(test.endpoint.mints.count == 2)
        #expect(try await test.token() == "token-3-of-key-2")
    }

    @Test func `a refused key's token is handed out when there is nothing else`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let token = try await test.token()
        test.endpoint.fail(.keyRefused)
        test.clock.advance(by: .seconds(2800))
        for _ in 0..<5 {
            #expect(try await test.token() == token)
            try await test.refresh()
        }
        #expect(test.endpoint.mints.count == 2)
    }

    @Test func `when every key is refused the operator has to act`() async throws {
        let test = try await TestBroker()
        try await test.addKey("key-1")
        try await test.addKey("key-2")
        test.endpoint.fail(.keyRefused)
        await #expect(throws: BrokerError.everyKeyRefused) { try await test.token() }
        await #expect(throws: BrokerError.everyKeyRefused) { try await test.token() }
        #expect(test.endpoint.mints.count == 2)
        test.clock.advance(by: .seconds(30))
        await #expect(throws: BrokerError.everyKeyRefused) { try await test.token() }
        #expect(test.endpoint.mints.count == 4)
    }

    @Test func `what is left is handed out down to the last 10 s while the authorization server fails`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let token = try await test.token()
        test.endpoint.fail(.refused("no"))
        test.clock.advance(by: .seconds(3599 - 299))
        #expect(try await test.token() == token)
        test.clock.advance(by: .seconds(289))
        #expect(try await test.token() == token)
        test.clock.advance(by: .seconds(1))
        await #expect(throws: BrokerError.self) { try await test.token() }
    }

    @Test func `more life than a new token has is the caller's mistake`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        _ = try await test.token(minimumLife: .seconds(2519))
        let error = await #expect(throws: BrokerError.self) { try await test.token(minimumLife: .seconds(2520)) }
        guard case .invalidRequest(let message) = error else { throw Unexpected(error) }
        #expect(message.contains("at most 2519 seconds"))
        #expect(test.endpoint.mints.count == 1)
    }

    @Test func `no token is minted for a longer life that another has to replace soon`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        for _ in 0..<3600 {
            _ = try await test.token(minimumLife: .seconds(2519))
            try await test.refresh()
            test.clock.advance(by: .seconds(1))
        }
        #expect(test.endpoint.mints.count == 4, "one when 30 % of a life are over, and no other")
    }

    @Test(arguments: [(50, 20), (10, 0), (1000, 700)])
    func `of a short life no more may be asked for than a token has when it is 30 s old`(lifetime: Int, most: Int)
        async throws
    {
        let test = try await TestBroker()
        try await test.addKey()
        test.endpoint.answer(expiresIn: Double(lifetime))
        _ = try await test.token(minimumLife: .seconds(most))
        await #expect(throws: BrokerError.self) { try await test.token(minimumLife: .seconds(most + 1)) }
    }

    @Test func `a longer life than is left is minted`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let first = try await test.token()
        test.clock.advance(by: .seconds(1500))
        #expect(try await test.token(minimumLife: .seconds(2000)) == first)
        #expect(try await test.token(minimumLife: .seconds(2500)) != first)
    }

    @Test func `a token of a key that was disabled during its mint is nobody's`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let caller = Task { try await test.token() }
        await gate.reached(by: 1)
        _ = try await test.perform(KeyChange(.disable, key, force: true))
        await gate.open()
        await #expect(throws: BrokerError.everyKeyDisabled) { try await caller.value }
    }

    @Test func `a token of a disabled or removed key is never handed out again`() async throws {
        let test = try await TestBroker()
        let key = try await test.addKey()
        _ = try await test.token()
        _ = try await test.perform(KeyChange(.disable, key, force: true))
        await #expect(throws: BrokerError.everyKeyDisabled) { try await test.token() }
        _ = try await test.perform(KeyChange(.enable, key))
        #expect(try await test.token() == "token-1-of-key-1")
        _ = try await test.perform(KeyChange(.remove, key, force: true))
        await #expect(throws: BrokerError.noKey) { try await test.token() }
    }

    @Test func `a key that merely became second has its token handed out until the new one's is there`() async throws {
        let test = try await TestBroker()
        try await test.addKey("key-1")
        let second = try await test.addKey("key-2")
        let token = try await test.token()
        _ = try await test.perform(KeyChange(.activate, second))
        #expect(try await test.token() == token)
        let gate = Gate()
        test.endpoint.hold(by: gate)
        test.clock.advance(by: .seconds(2800))
        test.core.refresher.refreshDue()
        await gate.reached(by: 1)
        await gate.open()
        test.clock.advance(by: .seconds(800))
        #expect(try await test.token() == "token-2-of-key-2")
    }

    @Test func `only scopes that a key is registered with are minted`() async throws {
        let test = try await TestBroker()
        try await test.addKey(scope: "sms fax")
        _ = try await test.token(scope: Scope("sms"))
        await #expect(throws: BrokerError.invalidScope) { try await test.token(scope: Scope("voice")) }
    }

    @Test func `each scope has a token of its own`() async throws {
        let test = try await TestBroker()
        try await test.addKey(scope: "sms fax")
        let all = try await test.token()
        let narrow = try await test.token(scope: Scope("sms"))
        #expect(all != narrow)
        #expect(try await test.token() == all)
        #expect(try await test.token(scope: Scope("sms")) == narrow)
        #expect(test.endpoint.mints.count == 2)
    }
}
