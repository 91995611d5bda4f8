import HeapModule

/// Which slots are to be looked at when, earliest first.
struct RefreshSchedule {
    private struct Due: Comparable {
        let at: Duration
        let slot: TokenSlot

        static func < (left: Due, right: Due) -> Bool { left.at < right.at }
        static func == (left: Due, right: Due) -> Bool { left.at == right.at }
    }

    private var heap = Heap<Due>()

    /// - Parameter at: by the boot clock.
    mutating func add(_ slot: TokenSlot, at: Duration) {
        heap.insert(Due(at: at, slot: slot))
    }

    /// Removes and returns the slots whose time has come, each once.
    mutating func take(until now: Duration) -> Set<TokenSlot> {
        var slots: Set<TokenSlot> = []
        while let due = heap.min, due.at <= now {
            slots.insert(due.slot)
            heap.removeMin()
        }
        return slots
    }
}
