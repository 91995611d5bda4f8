import CoreMetrics

/// A histogram's one series.
final class HistogramCell: TimerHandler {
    /// What was observed so far.
    struct Snapshot: Sendable {
        /// In nanoseconds.
        let bounds: [Int64]
        /// For each bound, and for what is beyond the last.
        let counts: [Int64]
        let sumNanoseconds: Int64

        var count: Int64 { counts.reduce(0, +) }
    }

    /// In nanoseconds.
    private let bounds: [Int64]
    /// The buckets, not cumulative, and the sum behind them.
    private let stripes = Stripes()

    /// - Parameter bounds: the buckets' upper ones, in seconds.
    init(bounds: [Double]) {
        precondition(bounds.count + 2 <= Stripes.width)
        self.bounds = bounds.map(Self.nanoseconds)
    }

    static func nanoseconds(_ seconds: Double) -> Int64 { Int64((seconds * 1e9).rounded()) }

    func recordNanoseconds(_ duration: Int64) {
        stripes.add(1, to: bounds.firstIndex { duration <= $0 } ?? bounds.count)
        stripes.add(duration, to: bounds.count + 1)
    }

    var snapshot: Snapshot {
        Snapshot(
            bounds: bounds, counts: (0...bounds.count).map { stripes[$0] }, sumNanoseconds: stripes[bounds.count + 1]
        )
    }
}
