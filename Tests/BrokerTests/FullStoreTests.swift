import Broker
import BrokerTesting
import Testing

/// What clients get while nothing can be recorded.
struct FullStoreTests {
    private let test: TestBroker

    init() async throws {
        test = try await TestBroker()
        try await test.addKey()
        test.endpoint.answer(expiresIn: 3600)
    }

    /// Lets a store that is full be noticed, as the housekeeping does.
    private func check() async {
        await test.core.housekeeping.runOnce()
    }

    @Test func `a token that is there is handed out until it ends, and neither refreshed nor replaced`() async throws {
        let token = try await test.accessToken()
        test.store.setFull(true)
        await check()
        // From fresh over refresh due and the end of the promise to the last 10 s.
        for _ in 0..<358 {
            test.clock.advance(by: .seconds(10))
            try await test.refresh()
            #expect(try await test.token() == token.value.reveal())
            #expect(test.core.cache.hasUsableToken)
        }
        await #expect(throws: BrokerError.self) {
            try await test.core.tokens.replace(
                token.digest, of: TestBroker.project, for: ClientID("client-1"),
                by: Deadline(after: Deadline.request, from: test.clock.now)
            )
        }
        #expect(test.endpoint.mints.count == 1)
        test.clock.advance(by: .seconds(11))
        await #expect(throws: BrokerError.storeUnwritable) { try await test.token() }
        #expect(!test.core.cache.hasUsableToken)
        test.store.setFull(false)
        #expect(try await test.token() != token.value.reveal(), "a caller does not wait for the housekeeping")
    }

    @Test func `a mint that turns out not to be recordable does not replace a token`() async throws {
        let token = try await test.token()
        test.clock.advance(by: .seconds(3000))
        test.store.setFull(true)
        try await test.refresh()
        #expect(test.endpoint.mints.count == 2, "nobody knew before")
        #expect(try await test.token() == token)
        #expect(test.log.lines.contains { $0.contains("mint.not_recorded") })
        test.store.setFull(false)
        await check()
        test.clock.advance(by: .seconds(10))
        try await test.refresh()
        #expect(try await test.token() != token)
    }

    @Test func `without a token nothing is minted, and clients are told why`() async throws {
        test.store.setFull(true)
        await check()
        await #expect(throws: BrokerError.storeUnwritable) { try await test.token() }
        #expect(test.endpoint.mints.isEmpty)
    }
}
