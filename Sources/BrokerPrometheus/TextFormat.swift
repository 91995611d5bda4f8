/// How metrics are written.
package enum TextFormat: Sendable {
    /// Prometheus's text format 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.0.
    case openMetrics

    package var mediaType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}

/// Writes families and their series, one after the other.
struct TextWriter {
    private let format: TextFormat
    private var bytes: [UInt8] = []

    init(_ format: TextFormat) {
        self.format = format
    }

    mutating func begin(_ family: MetricFamily) {
        let name = format == .openMetrics ? String(family.stem) : family.name
        let type =
            switch family.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        write("# HELP \(name) \(family.help)\n# TYPE \(name) \(type)\n")
        if format == .openMetrics, let unit = family.unit { write("# UNIT \(name) \(unit)\n") }
    }

    mutating func write(_ family: MetricFamily, _ labels: [String], _ value: Double) {
        write(family.name, zip(family.labels, labels), text(value))
    }

    /// A histogram: its buckets hold what is in those before them, too.
    mutating func write(_ family: MetricFamily, _ labels: [String], _ snapshot: HistogramCell.Snapshot) {
        guard case .histogram(let bounds) = family.kind else { return }
        let pairs = Array(zip(family.labels, labels))
        var count: Int64 = 0
        for (bound, own) in zip(bounds.map { text($0) } + ["+Inf"], snapshot.counts) {
            count += own
            write(family.name + "_bucket", pairs + [("le", bound)], "\(count)")
        }
        write(family.name + "_sum", pairs, text(Double(snapshot.sumNanoseconds) / 1e9))
        write(family.name + "_count", pairs, "\(count)")
    }

    /// All that was written.
    mutating func end() -> [UInt8] {
        if format == .openMetrics { write("# EOF\n") }
        return bytes
    }

    private mutating func write(_ name: String, _ labels: some Sequence<(String, String)>, _ value: String) {
        write(name)
        var separator = "{"
        for (name, value) in labels {
            write(separator)
            write(name)
            write("=\"")
            write(escaped: value)
            write("\"")
            separator = ","
        }
        write(separator == "{" ? " " : "} ")
        write(value)
        write("\n")
    }

    private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func write(escaped text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
            default: bytes.append(byte)
            }
        }
    }

    /// Whole numbers as such, but for bounds in OpenMetrics, which are written with a fraction.
    private func text(_ value: Double) -> String {
        guard format == .prometheus, value == value.rounded(), abs(value) < 1e15 else { return "\(value)" }
        return "\(Int64(value))"
    }
}
