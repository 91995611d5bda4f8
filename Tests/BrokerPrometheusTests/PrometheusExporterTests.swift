import CoreMetrics
import Testing

@testable import BrokerPrometheus

@Suite struct PrometheusExporterTests {
    private let exporter = PrometheusExporter()

    @Test func `a counter is written with its labels`() {
        mint("project-1", "minted").increment(by: 2)
        mint("project-1", "unavailable").increment()
        #expect(
            lines("token_broker_mints_total") == [
                "# HELP token_broker_mints_total "
                    + "Mints that ended: minted, or why not. A mint is up to three requests to the token endpoint.",
                "# TYPE token_broker_mints_total counter",
                #"token_broker_mints_total{project="project-1",outcome="minted"} 2"#,
                #"token_broker_mints_total{project="project-1",outcome="unavailable"} 1"#,
            ])
    }

    @Test func `a counter that is made again goes on`() {
        for _ in 0..<3 { mint("project-1", "minted").increment() }
        #expect(
            lines("token_broker_mints_total").last
                == #"token_broker_mints_total{project="project-1",outcome="minted"} 3"#)
    }

    @Test func `what has been counted does not go back`() {
        let counter = mint("project-1", "minted")
        counter.increment()
        counter.reset()
        counter.destroy()
        #expect(
            lines("token_broker_mints_total").last
                == #"token_broker_mints_total{project="project-1",outcome="minted"} 1"#)
    }

    @Test func `a histogram's buckets hold what is in those before them`() {
        let timer = Timer(label: "token_broker_mint_duration_seconds", factory: exporter)
        for milliseconds in [5, 10, 11, 60_000] { timer.recordMilliseconds(milliseconds) }
        let name = "token_broker_mint_duration_seconds"
        #expect(lines(name).dropFirst(2).first == #"\#(name)_bucket{le="0.01"} 2"#)
        #expect(lines(name).dropFirst(3).first == #"\#(name)_bucket{le="0.025"} 3"#)
        #expect(
            lines(name).suffix(4) == [
                #"\#(name)_bucket{le="10"} 3"#, #"\#(name)_bucket{le="+Inf"} 4"#, "\(name)_sum 60.026",
                "\(name)_count 4",
            ])
    }

    @Test func `what was recorded by many at once is all there`() async {
        let timer = Timer(label: "token_broker_mint_duration_seconds", factory: exporter)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<10_000 { timer.recordNanoseconds(1_000_000_000) } }
            }
        }
        #expect(
            lines("token_broker_mint_duration_seconds").suffix(2) == [
                "token_broker_mint_duration_seconds_sum 80000", "token_broker_mint_duration_seconds_count 80000",
            ])
    }

    @Test func `OpenMetrics has units, bounds with fractions, an end, and counters whose family has no suffix`() {
        mint("project-1", "minted").increment()
        Timer(label: "token_broker_mint_duration_seconds", factory: exporter).recordNanoseconds(1)
        exporter.addSource { [Sample("token_broker_clients", 3)] }
        let text = String(decoding: exporter.text(.openMetrics), as: UTF8.self)
        #expect(text.contains("# TYPE token_broker_mints counter\ntoken_broker_mints_total{"))
        #expect(text.contains(#"outcome="minted"} 1.0"#))
        #expect(text.contains("# UNIT token_broker_mint_duration_seconds seconds\n"))
        #expect(text.contains("# UNIT process_cpu_seconds seconds\n"))
        #expect(text.contains(#"token_broker_mint_duration_seconds_bucket{le="1.0"} 1"#))
        #expect(text.contains("\ntoken_broker_clients 3.0\n"))
        #expect(text.hasSuffix("\n# EOF\n"))
        #expect(!String(decoding: exporter.text(.prometheus), as: UTF8.self).contains("# EOF"))
    }

    @Test func `a label's value cannot end its line or its quotes`() {
        exporter.addSource { [Sample("token_broker_endpoint_up", for: ["a\"b\\c\nd"], true)] }
        #expect(lines("token_broker_endpoint_up").last == #"token_broker_endpoint_up{endpoint="a\"b\\c\nd"} 1"#)
    }

    @Test func `projects beyond the most are counted together, and those before go on`() {
        for number in 0...PrometheusExporter.mostSeries + 1 { mint("project-\(number)", "minted").increment() }
        mint("project-0", "minted").increment()
        mint("project-x", "refused").increment()
        let lines = lines("token_broker_mints_total")
        #expect(lines.count == 2 + PrometheusExporter.mostSeries + 2)
        #expect(lines[2] == #"token_broker_mints_total{project="project-0",outcome="minted"} 2"#)
        #expect(
            lines.suffix(2) == [
                #"token_broker_mints_total{project="(other)",outcome="minted"} 2"#,
                #"token_broker_mints_total{project="(other)",outcome="refused"} 1"#,
            ])
    }

    @Test func `of what is read when somebody asks there are not more than the most either`() {
        exporter.addSource {
            (0...PrometheusExporter.mostSeries).map { number in
                Sample("token_broker_key_quarantined", for: ["project-1", "key-\(number)"], false)
            }
        }
        #expect(lines("token_broker_key_quarantined").count == 2 + PrometheusExporter.mostSeries)
    }

    @Test func `the kernel's words about the process are read`() {
        let fields = ["S"] + (4...52).map { "\($0)" }
        let samples = ProcessStatistics.samples(stat: "1 (a) b) (c) " + fields.joined(separator: " ") + "\n")
        #expect(
            samples.map(\.family) == [
                "process_cpu_seconds_total", "process_virtual_memory_bytes", "process_resident_memory_bytes",
            ])
        let expected: [Double] = [0.29, 23, 24 * 4096]
        #expect(samples.map(\.value) == expected)
    }

    private func mint(_ project: String, _ outcome: String) -> Counter {
        Counter(
            label: "token_broker_mints_total", dimensions: [("project", project), ("outcome", outcome)],
            factory: exporter
        )
    }

    /// What is written of one family.
    private func lines(_ family: String) -> [String] {
        String(decoding: exporter.text(.prometheus), as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("# HELP \(family) ") || $0.hasPrefix("# TYPE \(family) ") || $0.hasPrefix(family) }
    }
}
