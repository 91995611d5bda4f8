import CoreMetrics

/// A counter's one series.
final class CounterCell: CounterHandler {
    private let stripes = Stripes()

    var value: Int64 { stripes[0] }

    func increment(by amount: Int64) { stripes.add(amount, to: 0) }

    /// A counter that goes back is none: what was counted stays counted.
    func reset() {}
}
