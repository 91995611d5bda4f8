import CLinux
import Synchronization

/// Numbers that many threads add to at once: each processor has its own, and they are summed when they are read.
///
/// One number for all would travel from processor to processor with every hand-out.
struct Stripes: ~Copyable, Sendable {
    /// So many numbers that the stripes of different processors share no cache line but at their ends.
    static let width = 24

    private struct Stripe: ~Copyable, Sendable {
        let numbers = InlineArray<24, Atomic<Int64>> { _ in Atomic(0) }
    }

    private let stripes = InlineArray<8, Stripe> { _ in Stripe() }

    func add(_ amount: Int64, to index: Int) {
        stripes[Int(processor_number()) & 7].numbers[index].add(amount, ordering: .relaxed)
    }

    subscript(index: Int) -> Int64 {
        stripes.indices.reduce(0) { $0 &+ stripes[$1].numbers[index].load(ordering: .relaxed) }
    }
}
