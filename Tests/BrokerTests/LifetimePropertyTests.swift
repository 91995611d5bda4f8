import BrokerTesting
import Testing

@testable import Broker

/// Random histories: any lifetime, any jump of the wall clock, any sequence of failures.
struct LifetimePropertyTests {
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

    /// What a history did that must never happen, and how to see it again.
    private struct BrokenRule: Error, CustomStringConvertible {
        let seed: UInt64
        let step: Int
        let rule: String

        var description: String { "seed \(seed), step \(step): \(rule)" }
    }

    private static let histories: UInt64 = 4000
    /// Parts that may run at the same time.
    private static let parts: UInt64 = 4

    @Test(arguments: 0..<parts)
    func `never an expired token, never two mints for one need, never more than the promised rate`(
        part: UInt64
    ) async throws {
        for seed in stride(from: part, to: Self.histories, by: Int(Self.parts)) { try await history(seed: seed) }
    }

    private func history(seed: UInt64) async throws {
        var dice = Dice(seed: seed)
        let test = try await TestBroker(random: Double.random(in: 0..<1, using: &dice), mintRate: 1, mintBurst: 5)
        let key = try await test.addKey()
        let slot = try #require(test.core.registry.key(key)).slot(for: .none)
        let start = test.clock.now
        var failure: MintFailure?
        var isWanted = false

        for step in 0..<60 {
            func require(_ holds: Bool, _ rule: String) throws {
                guard holds else { throw BrokenRule(seed: seed, step: step, rule: rule) }
            }
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
                try require(mints <= 1, "a refresh is one attempt")
                if !isWanted || before.isFresh || before.isBackedOff {
                    try require(mints == 0, "a refresh that nothing needs")
                }
                if failure == nil, mints == 1 { isWanted = false }
                if failure != nil, let life = before.life, life.remaining(at: test.clock.now) > .zero {
                    try require(test.core.cache.life(in: slot) == life, "a failed refresh keeps the token")
                }
            default:
                let before = Before(test, slot)
                let token = try? await test.accessToken()
                try await test.core.flights.drained()
                let now = test.clock.now
                let mints = test.endpoint.mints.count - before.mints
                if token != nil { isWanted = true }

                if let token {
                    try require(token.life.isUsable(at: now), "an unusable token was handed out")
                    if failure == nil, !before.isBackedOff, !before.isBreakerOpen {
                        try require(token.life.keepsPromise(at: now), "a token with too little lifetime left")
                    }
                }
                if before.keepsPromise { try require(token != nil && mints == 0, "a held token is handed out at once") }
                switch failure {
                case _ where before.keepsPromise || before.isBackedOff || before.isBreakerOpen:
                    try require(mints == 0, "\(mints) mints where none may be sent")
                case nil: try require(token != nil && mints == 1, "a missing token is minted once")
                case .keyRefused, .refused: try require(mints == 1, "a refusal is final")
                default: try require((1...3).contains(mints), "a caller's mint is tried up to three times")
                }
            }
        }
        let elapsed = (test.clock.now.boot - start.boot) / .seconds(1)
        guard Double(test.endpoint.mints.count) <= 5 + elapsed + 1 else {
            throw BrokenRule(seed: seed, step: 60, rule: "more mints than the budget allows")
        }
    }
}
