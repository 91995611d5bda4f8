package import CoreMetrics
import Synchronization

/// What Prometheus is told: counters and histograms that the broker's parts make through swift-metrics, and numbers that
/// are read when somebody asks.
package final class PrometheusExporter: MetricsFactory {
    /// The families' series. Each stays for good: a counter does not begin anew because a key was replaced.
    private struct State {
        var counters: [String: Series<CounterCell>] = [:]
        var histograms: [String: Series<HistogramCell>] = [:]
        var sources: [@Sendable () -> [Sample]] = []
    }

    /// Of one family; what comes beyond is counted together.
    package static let mostSeries = 10_000
    /// Stands for the projects that found no room. No project's ID has parentheses.
    static let others = "(other)"

    private let families = Dictionary(uniqueKeysWithValues: MetricFamily.all.map { ($0.name, $0) })
    /// Guards the series, not the numbers in them.
    private let state = Mutex(State())

    package init() {}

    /// Adds numbers that are read when somebody asks.
    package func addSource(_ source: @escaping @Sendable () -> [Sample]) {
        state.withLock { $0.sources.append(source) }
    }

    /// All of it as Prometheus reads it.
    package func text(_ format: TextFormat) -> [UInt8] {
        let (counters, histograms, sources) = state.withLock { ($0.counters, $0.histograms, $0.sources) }
        let samples = Dictionary(grouping: sources.flatMap { $0() }, by: \.family)
        var writer = TextWriter(format)
        for family in MetricFamily.all {
            writer.begin(family)
            for cell in counters[family.name]?.all ?? [] {
                writer.write(family, cell.labels, Double(cell.cell.value))
            }
            for cell in histograms[family.name]?.all ?? [] { writer.write(family, cell.labels, cell.cell.snapshot) }
            for sample in (samples[family.name] ?? []).prefix(Self.mostSeries) {
                writer.write(family, sample.labels, sample.value)
            }
        }
        return writer.end()
    }

    /// The sum of a counter's series, of those whose labels' values are chosen.
    func total(of family: String) -> (_ isChosen: ([String]) -> Bool) -> Int64 {
        let series = state.withLock { $0.counters[family]?.all ?? [] }
        return { isChosen in series.reduce(0) { isChosen($1.labels) ? $0 + $1.cell.value : $0 } }
    }

    /// What was observed in all of a histogram's series, of those whose labels' values are chosen.
    func durations(of family: String, _ isChosen: ([String]) -> Bool) -> HistogramCell.Snapshot {
        let series = state.withLock { $0.histograms[family]?.all ?? [] }.filter { isChosen($0.labels) }
        guard case .histogram(let bounds) = families[family]?.kind else {
            preconditionFailure("\(family) is a histogram")
        }
        return .sum(series.map(\.cell.snapshot), bounds: bounds.map(HistogramCell.nanoseconds))
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        guard let family = family(label, dimensions), case .counter = family.kind else { return unknown(label) }
        return state.withLock {
            $0.counters[label, default: Series()].cell(family.values(of: dimensions), make: CounterCell.init)
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        guard let family = family(label, dimensions), case .histogram(let bounds) = family.kind else {
            return unknown(label)
        }
        return state.withLock {
            $0.histograms[label, default: Series()].cell(family.values(of: dimensions)) {
                HistogramCell(bounds: bounds)
            }
        }
    }

    /// Gauges are read when somebody asks: see ``addSource(_:)``.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        unknown(label)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { unknown(label) }

    // A series stays for good.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}

    private func family(_ label: String, _ dimensions: [(String, String)]) -> MetricFamily? {
        families[label].flatMap { $0.labels == dimensions.map(\.0) ? $0 : nil }
    }

    /// A metric that nobody is promised.
    private func unknown(_ label: String) -> NOOPMetricsHandler {
        assertionFailure("\(label) is not among the families, or of another kind, or has other labels")
        return NOOPMetricsHandler.instance
    }
}

/// A family's series, in the order in which they came.
private struct Series<Cell> {
    private(set) var all: [(labels: [String], cell: Cell)] = []
    private var indices: [[String]: Int] = [:]

    mutating func cell(_ labels: (own: [String], shared: [String]), make: () -> Cell) -> Cell {
        if let index = indices[labels.own] { return all[index].cell }
        let labels = all.count < PrometheusExporter.mostSeries ? labels.own : labels.shared
        if let index = indices[labels] { return all[index].cell }
        let cell = make()
        indices[labels] = all.count
        all.append((labels, cell))
        return cell
    }
}

extension MetricFamily {
    /// The labels' values, and what they are where there is no room for one more project.
    fileprivate func values(of dimensions: [(String, String)]) -> (own: [String], shared: [String]) {
        (dimensions.map(\.1), dimensions.map { $0 == "project" ? PrometheusExporter.others : $1 })
    }
}
