import BrokerTesting
import CoreMetrics
import MetricsTestKit
import Testing

@testable import Broker
@testable import BrokerHTTP

@MainActor struct HandOutMetricsTests {
    private let metrics = TestMetrics()

    @Test(arguments: [ResponseCacheTests.get, ResponseCacheTests.post])
    func `what is repeated is counted and timed like what went the whole way`(request: String) async throws {
        let listener = try await withMetricsFactory(metrics) { try await TestListener() }
        _ = try await listener.learn(request)
        #expect(try [misses, hits, handOuts] == [1, 0, 0])
        let connection = try listener.connect()
        for count in 1...3 {
            connection.send(request)
            #expect(try [misses, hits, handOuts] == [1, count, count])
        }
        let half = request.count / 2
        let another = try listener.connect()
        another.send(request.prefix(half))
        another.send(request.dropFirst(half))
        #expect(try [misses, hits, handOuts] == [1, 4, 4])
        #expect(try duration.values.count == 4)
    }

    @Test func `what cannot be repeated is counted neither way`() async throws {
        let listener = try await withMetricsFactory(metrics) { try await TestListener() }
        try listener.connect().send(ResponseCacheTests.get.replacing("GET", with: "PUT"))
        #expect(try [misses, hits] == [0, 0])
    }

    @Test(
        arguments: [
            (BrokerError.noCredentials(user: nil), "invalid_client"),
            (BrokerError.unauthorizedClient(.anyGrant), "unauthorized_client"),
            (BrokerError.mintUnavailable(retryAfter: Duration.zero), "mint_unavailable"),
            (BrokerError.mintThrottled(retryAfter: Duration.zero), "mint_throttled"),
            (RequestRefusal.notAForm, "invalid_request"), (DeadlinePassed(), "failed"),
        ] as [(any Error, String)])
    func `a request without a token is counted by why`(error: any Error, outcome: String) throws {
        HandOutMetrics(factory: metrics).count(error)
        #expect(try metrics.expectCounter("token_broker_handouts_total", [("outcome", outcome)]).values == [1])
    }

    private var misses: Int { get throws { try cache("miss") } }

    private var hits: Int { get throws { try cache("hit") } }

    private func cache(_ outcome: String) throws -> Int {
        try metrics.expectCounter("token_broker_response_cache_total", [("outcome", outcome)]).values.count
    }

    private var handOuts: Int {
        get throws {
            try metrics.expectCounter("token_broker_handouts_total", [("outcome", "handed_out")]).values.count
        }
    }

    private var duration: TestTimer {
        get throws {
            try metrics.expectTimer(
                "token_broker_http_request_duration_seconds", [("route", TestListener.route), ("status", "200")])
        }
    }
}
