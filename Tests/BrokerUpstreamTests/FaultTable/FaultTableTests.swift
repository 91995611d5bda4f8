import Broker
import BrokerTesting
import Testing
import sinch_sandbox

/// Every fault of an authorization server, in three settings.
struct FaultTableTests {
    private static let turnstile = Turnstile(width: 16)
    /// Sinch's Python SDK gives up at 10 s. The broker's deadline is 8 s, so a busy machine has 2 s to spare.
    private static let longest: Duration = .seconds(10)
    /// One attempt that gets no answer takes 5 s, so callers who wait for one are told from those who do not.
    private static let attempt: Duration = .seconds(5)

    @Test(arguments: FaultTable.rows)
    func `cold, one caller gets the answer that is due, in time, after as many attempts as are due`(
        row: FaultRow
    ) async throws {
        try await Self.turnstile.pass {
            try await FaultyUpstream.withFault(row.fault) { upstream in
                let start = ContinuousClock.now
                let result = await upstream.token()
                #expect(start.duration(to: .now) < Self.longest)
                #expect(MintOutcome(result) == row.outcome)
                expectDiscretion(of: upstream, for: row, having: [result])
            }
        }
    }

    @Test(arguments: FaultTable.rows)
    func `cold, a hundred callers at once get the answer of one`(row: FaultRow) async throws {
        try await Self.turnstile.pass {
            try await FaultyUpstream.withFault(row.fault) { upstream in
                let start = ContinuousClock.now
                let results = await tokens(of: upstream, callers: 100)
                #expect(start.duration(to: .now) < Self.longest)
                #expect(Set(results.map { MintOutcome($0) }) == [row.outcome])
                #expect(Set(results.map { (try? $0.get())?.value.reveal() }).count == 1)
                expectDiscretion(of: upstream, for: row, having: results)
            }
        }
    }

    @Test(arguments: FaultTable.rows)
    func `with a valid token in hand, callers get it at once, and a refresh that fails leaves it there`(
        row: FaultRow
    ) async throws {
        try await Self.turnstile.pass {
            try await FaultyUpstream.withFault(row.fault, holdingToken: true) { upstream in
                let start = ContinuousClock.now
                let results = await tokens(of: upstream, callers: 20)
                #expect(start.duration(to: .now) < Self.attempt)
                #expect(Set(results.map { (try? $0.get())?.value.reveal() }) == [FaultyUpstream.heldToken])

                // Asks for more life than is left, and so waits for the refresh.
                let refreshed = await upstream.token(minimumLife: .seconds(1000))
                let after = await upstream.token()
                if case .token(let seconds) = row.outcome {
                    #expect(MintOutcome(after) == .token(seconds: seconds))
                    #expect((try? after.get())?.value.reveal() != FaultyUpstream.heldToken)
                } else {
                    #expect(MintOutcome(refreshed) == row.outcome)
                    #expect((try? after.get())?.value.reveal() == FaultyUpstream.heldToken)
                }
                expectDiscretion(of: upstream, for: row, having: results + [refreshed, after])
            }
        }
    }

    private func tokens(
        of upstream: FaultyUpstream, callers: Int
    ) async -> [Result<AccessToken, any Error>] {
        await withTaskGroup { group in
            for _ in 0..<callers {
                group.addTask { await upstream.token() }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// The authorization server was asked as often as is due, nobody else was, and no secret got anywhere.
    private func expectDiscretion(
        of upstream: FaultyUpstream, for row: FaultRow, having results: [Result<AccessToken, any Error>]
    ) {
        #expect(upstream.endpoint.attempts == row.attempts)
        #expect(upstream.sandbox.counters.tokenRequests == (row.reachesServer ? row.attempts : 0))
        #expect(upstream.bystander.counters == Sandbox.Counters(), "a redirect was followed")
        if row.keepsCredentials {
            #expect(upstream.sandbox.counters == Sandbox.Counters(), "the key secret was sent")
        }
        let tokens = Set(results.compactMap { try? $0.get().value.reveal() })
        let strangers: Set = [WireFault.brokenToken, WireFault.secondToken]
        #expect(tokens.isDisjoint(with: strangers))

        let secrets = tokens.union(strangers).union([FaultyUpstream.secret, FaultyUpstream.basic])
        let errors = results.compactMap { result -> [String]? in
            guard case .failure(let error) = result else { return nil }
            return ["\(error)", String(reflecting: error)]
        }
        let texts = errors.joined() + upstream.endpoint.failures + upstream.log.lines
        #expect(!texts.isEmpty)
        for text in texts {
            #expect(!secrets.contains { text.contains($0) }, "\(text)")
        }
    }
}
