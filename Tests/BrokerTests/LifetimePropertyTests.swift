import BrokerTesting
import Testing

@testable import Broker

/// Random histories: any lifetime, any jump of the wall clock, any sequence of failures.
@Suite(.timeLimit(.minutes(1))) struct LifetimePropertyTests {
    /// SplitMix64: the same histories every time.
    struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    static let failures: [MintFailure?] = [
        nil, nil, nil, .unavailable("x"), .garbled("x"), .refused("x"), .keyRefused, .throttled(retryAfter: nil),
        .throttled(retryAfter: .seconds(90)),
    ]

    @Test(arguments: 0..<4000)
    func `never an expired token, never two mints for one need, never more than the promised rate`(
        seed: UInt64
    ) async throws {
        var dice = Dice(state: seed)
        let test = try await TestBroker(random: Double.random(in: 0..<1, using: &dice), mintRate: 1, mintBurst: 5)
        let key = try await test.addKey()
        let slot = try #require(test.core.registry.key(key)).slot(for: .none)
        let start = test.clock.now
        var isFailing = false

        for _ in 0..<60 {
            switch Int.random(in: 0..<10, using: &dice) {
            case 0:
                test.endpoint.answer(expiresIn: Double(Int.random(in: 1...86_400, using: &dice)))
            case 1:
                let failure = Self.failures.randomElement(using: &dice) ?? nil
                isFailing = failure != nil
                test.endpoint.fail(failure)
            case 2:
                test.clock.setWall(by: .seconds(Int.random(in: -31_536_000...31_536_000, using: &dice)))
            case 3:
                test.clock.advance(by: .seconds(Int.random(in: 0...100_000, using: &dice)))
            case 4...5:
                test.clock.advance(by: .seconds(Int.random(in: 0...1000, using: &dice)))
            case 6:
                try await test.refresh()
            default:
                let held = test.core.cache.life(in: slot)
                let failure = test.core.failures.failure(of: slot)
                let isShut = test.core.breaker.open().values.contains { $0 > .zero }
                let keepsPromise = held?.keepsPromise(at: test.clock.now) ?? false
                let refreshIsDue = held?.state(at: test.clock.now) != .fresh
                let mints = test.endpoint.mints.count
                let token = try? await test.accessToken()
                try await test.core.flights.drained()
                let more = test.endpoint.mints.count - mints
                if let token {
                    #expect(token.life.isUsable(at: test.clock.now) || more > 0)
                    #expect(token.life.remaining(at: test.clock.now) > .zero)
                    if !isFailing, !keepsPromise, more == 1 { #expect(token.life.keepsPromise(at: test.clock.now)) }
                }
                if keepsPromise { #expect(token != nil, "what is there is handed out, whatever fails") }
                if !isFailing, failure == nil, !isShut { #expect(token != nil, "what is not there is minted") }
                if keepsPromise, !refreshIsDue { #expect(more == 0, "no need, no mint") }
                #expect(more <= (isFailing ? 3 : 1), "one need, one mint")
            }
        }
        let elapsed = (test.clock.now.boot - start.boot) / .seconds(1)
        #expect(Double(test.endpoint.mints.count) <= 5 + elapsed + 1)
    }
}
