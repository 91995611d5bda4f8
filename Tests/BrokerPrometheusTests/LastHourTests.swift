import Broker
import BrokerTesting
import CoreMetrics
import Testing

@testable import BrokerPrometheus

@Suite struct LastHourTests {
    private let exporter = PrometheusExporter()
    private let clock = ManualClock()
    private let hour: LastHour

    init() {
        hour = LastHour(of: exporter, clock: clock)
    }

    @Test func `what is counted is in the minute in which it happened`() {
        handOut("handed_out", times: 3)
        handOut("degraded", times: 1)
        handOut("invalid_client", times: 2)
        mint("minted")
        beginMinute()
        handOut("handed_out", times: 5)
        mint("unavailable")
        #expect(hour.minutes.map(\.handedOut) == [4, 5])
        #expect(hour.minutes.map(\.refused) == [2, 0])
        #expect(hour.minutes.map(\.minted) == [1, 0])
        #expect(hour.minutes.map(\.mintsFailed) == [0, 1])
    }

    @Test func `it is an hour, and no more`() {
        for minute in 1...100 {
            handOut("handed_out", times: minute)
            beginMinute()
        }
        #expect(hour.minutes.map(\.handedOut) == Array(42...100) + [0])
        #expect(hour.minutes.last?.time == clock.now.wall)
    }

    @Test func `durations are those of requests for tokens, in that minute`() {
        record(.milliseconds(1), route: "/oauth2/token", times: 99)
        record(.seconds(2), route: "/v1/projects/{projectId}/token", times: 1)
        record(.seconds(9), route: "/v1/projects", times: 50)
        beginMinute()
        #expect(hour.minutes[0].medianMicroseconds == 753)
        #expect(hour.minutes[0].p99Microseconds == 1000)
        #expect(hour.minutes[1].medianMicroseconds == nil)
        record(.seconds(20), route: "/oauth2/token", times: 1)
        #expect(hour.minutes[1].p99Microseconds == 10_000_000, "not more than the last bound is known")
    }

    private func beginMinute() {
        clock.advance(by: .seconds(60))
        hour.beginMinute()
    }

    private func handOut(_ outcome: String, times: Int) {
        Counter(label: "token_broker_handouts_total", dimensions: [("outcome", outcome)], factory: exporter)
            .increment(by: times)
    }

    private func mint(_ outcome: String) {
        Counter(
            label: "token_broker_mints_total", dimensions: [("project", "project-1"), ("outcome", outcome)],
            factory: exporter
        ).increment()
    }

    private func record(_ duration: Duration, route: String, times: Int) {
        let timer = Timer(
            label: "token_broker_http_request_duration_seconds", dimensions: [("route", route), ("status", "200")],
            factory: exporter
        )
        for _ in 0..<times { timer.recordNanoseconds(Int64(duration / .nanoseconds(1))) }
    }
}
