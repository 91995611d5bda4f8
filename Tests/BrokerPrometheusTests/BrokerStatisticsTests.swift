import Broker
import BrokerTesting
import CoreMetrics
import Foundation
import Testing

@testable import BrokerPrometheus

struct BrokerStatisticsTests {
    private let exporter = PrometheusExporter()
    private let test: TestBroker
    private let endpoint = #"endpoint="http://127.0.0.1/oauth2/token""#

    init() async throws {
        test = try await withMetricsFactory(exporter) { try await TestBroker(mintRate: 5, mintBurst: 10) }
        try await test.addKey()
        let statistics = BrokerStatistics(of: test.core)
        exporter.addSource { statistics.samples }
    }

    @Test func `each sample is of a family, and has its labels`() async throws {
        _ = try await test.token()
        let families = Dictionary(uniqueKeysWithValues: MetricFamily.all.map { ($0.name, $0.labels.count) })
        for sample in BrokerStatistics(of: test.core).samples + ProcessStatistics(start: .now).samples {
            #expect(families[sample.family] == sample.labels.count, "\(sample)")
        }
    }

    @Test func `a mint is counted, timed, and leaves a token that expires`() async throws {
        expect(
            [#"token_broker_tokens 0"#, #"token_broker_projects 1"#], not: ["token_broker_token_expires_in_seconds{"])
        _ = try await test.token()
        test.clock.advance(by: .seconds(100))
        expect([
            #"token_broker_mints_total{project="project-1",outcome="minted"} 1"#,
            #"token_broker_mint_duration_seconds_count 1"#, #"token_broker_tokens 1"#,
            #"token_broker_token_expires_in_seconds{project="project-1"} 3499"#,
            #"token_broker_endpoint_up{\#(endpoint)} 1"#,
            #"token_broker_mint_consecutive_failures{project="project-1"} 0"#,
        ])
    }

    @Test func `failures are counted until a mint works`() async throws {
        test.endpoint.fail(.unavailable("no"))
        for _ in 0..<2 {
            await #expect(throws: BrokerError.self) { try await test.token() }
            test.clock.advance(by: .seconds(20))
        }
        expect([
            #"token_broker_mints_total{project="project-1",outcome="unavailable"} 2"#,
            #"token_broker_mint_consecutive_failures{project="project-1"} 2"#,
            #"token_broker_endpoint_up{\#(endpoint)} 0"#,
        ])
        test.endpoint.fail(nil)
        _ = try await test.token()
        expect([
            #"token_broker_mint_consecutive_failures{project="project-1"} 0"#,
            #"token_broker_endpoint_up{\#(endpoint)} 1"#,
        ])
    }

    @Test func `a key in quarantine is said, and a removed one is not there`() async throws {
        test.endpoint.fail(.keyRefused)
        await #expect(throws: BrokerError.self) { try await test.token() }
        let series = #"token_broker_key_quarantined{project="project-1",key_id="key-1"}"#
        expect([series + " 1"])
        // It may be tried again, and has not worked.
        test.clock.advance(by: .seconds(60))
        expect([series + " 1"])
        #expect(try await test.perform(KeyListing(page: Page())).keys.map(\.quarantined) == [true])
        test.endpoint.fail(nil)
        _ = try await test.token()
        expect([series + " 0"])
        _ = try await test.perform(KeyChange(.remove, KeyID("key-1"), force: true))
        expect(["token_broker_projects 0"], not: [series])
    }

    @Test func `the budget and whoever waits for a mint are said`() async throws {
        expect([#"token_broker_mint_budget_remaining{\#(endpoint)} 10"#, "token_broker_mint_waiters 0"])
        let gate = Gate()
        test.endpoint.hold(by: gate)
        let callers = (0..<3).map { _ in Task { try await test.token() } }
        await gate.reached(by: 1)
        try await until { test.core.flights.waiters == 3 }
        expect([#"token_broker_mint_budget_remaining{\#(endpoint)} 9"#, "token_broker_mint_waiters 3"])
        await gate.open()
        for caller in callers { _ = try await caller.value }
        expect(["token_broker_mint_waiters 0"])
    }

    private func expect(_ lines: [String], not absent: [String] = [], _ here: SourceLocation = #_sourceLocation) {
        let text = "\n" + String(decoding: exporter.text(.prometheus), as: UTF8.self)
        for line in lines { #expect(text.contains("\n\(line)\n"), "\(line)", sourceLocation: here) }
        for line in absent { #expect(!text.contains("\n\(line)"), sourceLocation: here) }
    }
}
