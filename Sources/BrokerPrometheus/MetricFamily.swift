/// A metric family: what its series mean, and what they are told apart by.
package struct MetricFamily: Sendable {
    package enum Kind: Sendable {
        case counter, gauge
        /// - Parameter bounds: the buckets' upper ones, in seconds.
        case histogram(bounds: [Double])
    }

    package let name: String
    package let kind: Kind
    /// The labels' names, in the order in which they are written.
    package let labels: [String]
    package let help: String

    init(_ name: String, _ kind: Kind, by labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }

    /// As OpenMetrics wants it said; the name ends in it.
    var unit: String? { ["seconds", "bytes"].first { stem.hasSuffix("_" + $0) } }

    /// The name without what every counter's name ends in.
    var stem: Substring {
        guard case .counter = kind, name.hasSuffix("_total") else { return name[...] }
        return name.dropLast("_total".count)
    }
}
