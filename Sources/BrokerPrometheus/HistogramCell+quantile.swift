extension HistogramCell.Snapshot {
    /// What was observed in all of several series of one family.
    static func sum(_ all: [Self], bounds: [Int64]) -> Self {
        let none = Self(bounds: bounds, counts: bounds.map { _ in 0 } + [0], sumNanoseconds: 0)
        return all.reduce(none) { $0.combined(with: $1, by: +) }
    }

    /// What was observed since an earlier moment.
    func since(_ earlier: Self) -> Self { combined(with: earlier, by: -) }

    /// A quantile in seconds, taken to lie evenly within its bucket, as Prometheus's `histogram_quantile` has it.
    ///
    /// - Returns: `nil` where nothing was observed; the last bound where it lies beyond.
    func quantile(_ share: Double) -> Double? {
        let rank = share * Double(count)
        guard rank > 0 else { return nil }
        var (below, lower) = (0.0, 0.0)
        for (bound, count) in zip(bounds, counts) {
            let upper = Double(bound) / 1e9
            let here = Double(count)
            if below + here >= rank { return lower + (upper - lower) * (rank - below) / here }
            (below, lower) = (below + here, upper)
        }
        return lower
    }

    private func combined(with other: Self, by combine: (Int64, Int64) -> Int64) -> Self {
        Self(
            bounds: bounds, counts: zip(counts, other.counts).map(combine),
            sumNanoseconds: combine(sumNanoseconds, other.sumNanoseconds)
        )
    }
}
