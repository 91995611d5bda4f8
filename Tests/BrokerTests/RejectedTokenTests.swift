import Broker
import BrokerTesting
import Testing

struct RejectedTokenTests {
    private func report(_ token: String, to test: TestBroker) async throws -> Replacement {
        try await test.core.tokens.replace(
            PlainSealer().digest(of: Secret(token)), of: TestBroker.project, for: ClientID("client-1"),
            by: Deadline(after: Deadline.request, from: test.clock.now)
        )
    }

    @Test func `a token that is reported dead is replaced, once`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let dead = try await test.token()
        #expect(try await report(dead, to: test) == .replaced)
        #expect(try await test.token() == "token-2-of-key-1")
        #expect(try await report(dead, to: test) == .alreadyReplaced)
        #expect(test.endpoint.mints.count == 2)
    }

    @Test func `a key's mints are forced once in 30 s`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        #expect(try await report(test.token(), to: test) == .replaced)
        test.clock.advance(by: .seconds(10))
        #expect(try await report(test.token(), to: test) == .tooSoon(retryAfter: .seconds(20)))
        test.clock.advance(by: .seconds(20))
        #expect(try await report(test.token(), to: test) == .replaced)
        #expect(test.endpoint.mints.count == 3)
    }

    @Test func `a hundred who report the same token at once cause one mint`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let dead = try await test.token()
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let outcomes = try await withThrowingTaskGroup(of: Replacement.self) { group in
            group.addTask { try await report(dead, to: test) }
            await gate.reached(by: 1)
            let reported = Tally()
            for _ in 0..<99 {
                group.addTask {
                    reported.add()
                    return try await report(dead, to: test)
                }
            }
            try await until { reported.count == 99 }
            await gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0 == .replaced || $0 == .alreadyReplaced })
        #expect(test.endpoint.mints.count == 2)
    }

    @Test func `when the key turns out to be dead its token goes and the next key's comes`() async throws {
        let test = try await TestBroker()
        let first = try await test.addKey("key-1")
        try await test.addKey("key-2")
        let dead = try await test.token()
        test.endpoint.fail(.keyRefused, key: first)
        #expect(try await report(dead, to: test) == .replaced)
        #expect(try await test.token() == "token-3-of-key-2")
        #expect(try await test.perform(KeyListing(page: Page())).keys.first?.quarantined == true)
    }

    @Test func `when the only key is dead its token is not handed out again`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let dead = try await test.token()
        test.endpoint.fail(.keyRefused)
        await #expect(throws: BrokerError.everyKeyRefused) { try await report(dead, to: test) }
        await #expect(throws: BrokerError.everyKeyRefused) { try await test.token() }
    }

    @Test func `a mint that merely fails leaves the reported token in place`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let reported = try await test.token()
        test.endpoint.fail(.unavailable("no"))
        await #expect(throws: BrokerError.self) { try await report(reported, to: test) }
        #expect(try await test.token() == reported)
    }

    @Test func `an unknown token is taken for one that was replaced long ago`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        _ = try await test.token()
        #expect(try await report("something else", to: test) == .alreadyReplaced)
        #expect(test.endpoint.mints.count == 1)
    }
}
