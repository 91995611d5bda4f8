import BrokerTesting
import Testing

@testable import Broker

/// Random histories: any lifetime, any jump of the wall clock, any sequence of failures.
@Suite(.timeLimit(.minutes(1))) struct LifetimePropertyTests {
    private static let failures: [MintFailure?] = [
        nil, nil, nil, .unavailable("x"), .garbled("x"), .refused("x"), .keyRefused, .throttled(retryAfter: nil),
        .throttled(retryAfter: .seconds(90)),
    ]

    /// What the broker knows before something happens.
    private struct Before {
        let life: TokenLife?
        let isFresh: Bool
        let keepsPromise: Bool
        /// Whether an earlier failure still answers.
        let isBackedOff: Bool
        let isBreakerOpen: Bool
        let mints: Int

        init(_ test: TestBroker, _ slot: TokenSlot) {
            let now = test.clock.now
            life = test.core.cache.life(in: slot)
            isFresh = life?.state(at: now) == .fresh
            keepsPromise = life?.keepsPromise(at: now) ?? false
            isBackedOff = test.core.failures.failure(of: slot) != nil
            isBreakerOpen = test.core.breaker.open().values.contains { $0 > .zero }
            mints = test.endpoint.mints.count
        }
    }

    @Test(arguments: 0..<4000)
    func `never an expired token, never two mints for one need, never more than the promised rate`(
        seed: UInt64
    ) async throws {
        var dice = Dice(seed: seed)
        let test = try await TestBroker(random: Double.random(in: 0..<1, using: &dice), mintRate: 1, mintBurst: 5)
        let key = try await test.addKey()
        let slot = try #require(test.core.registry.key(key)).slot(for: .none)
        let start = test.clock.now
        var failure: MintFailure?
        var isWanted = false

        for _ in 0..<60 {
            switch Int.random(in: 0..<10, using: &dice) {
            case 0:
                test.endpoint.answer(expiresIn: Double(Int.random(in: 1...86_400, using: &dice)))
            case 1:
                failure = Self.failures.randomElement(using: &dice) ?? nil
                test.endpoint.fail(failure)
            case 2:
                test.clock.setWall(by: .seconds(Int.random(in: -31_536_000...31_536_000, using: &dice)))
            case 3:
                test.clock.advance(by: .seconds(Int.random(in: 0...100_000, using: &dice)))
            case 4...5:
                test.clock.advance(by: .seconds(Int.random(in: 0...1000, using: &dice)))
            case 6:
                let before = Before(test, slot)
                try await test.refresh()
                let mints = test.endpoint.mints.count - before.mints
                #expect(mints <= 1, "a refresh is one attempt")
                if !isWanted || before.isFresh || before.isBackedOff { #expect(mints == 0, "no need, no refresh") }
                if failure == nil, mints == 1 { isWanted = false }
                if failure != nil, let life = before.life, life.remaining(at: test.clock.now) > .zero {
                    #expect(test.core.cache.life(in: slot) == life, "what is there stays")
                }
            default:
                let before = Before(test, slot)
                let token = try? await test.accessToken()
                try await test.core.flights.drained()
                let now = test.clock.now
                let mints = test.endpoint.mints.count - before.mints
                if token != nil { isWanted = true }

                if let token {
                    #expect(token.life.isUsable(at: now))
                    if failure == nil, !before.isBackedOff, !before.isBreakerOpen {
                        #expect(token.life.keepsPromise(at: now))
                    }
                }
                if before.keepsPromise { #expect(token != nil && mints == 0, "what is there is handed out at once") }
                switch failure {
                case _ where before.keepsPromise || before.isBackedOff || before.isBreakerOpen: #expect(mints == 0)
                case nil: #expect(token != nil && mints == 1, "what is not there is minted, once")
                case .keyRefused, .refused: #expect(mints == 1, "what another try would not change is not tried again")
                default: #expect((1...3).contains(mints), "a caller's mint is tried up to three times")
                }
            }
        }
        let elapsed = (test.clock.now.boot - start.boot) / .seconds(1)
        #expect(Double(test.endpoint.mints.count) <= 5 + elapsed + 1)
    }
}
