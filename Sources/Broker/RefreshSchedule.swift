import HeapModule

/// When each slot is to be looked at next, earliest first.
struct RefreshSchedule {
    private struct Due: Comparable {
        let at: Duration
        let slot: TokenSlot

        static func < (left: Due, right: Due) -> Bool { left.at < right.at }
        static func == (left: Due, right: Due) -> Bool { left.at == right.at }
    }

    /// Holds what was overridden, too, until its time has come.
    private var heap = Heap<Due>()
    private var times: [TokenSlot: Duration] = [:]

    /// Sets a slot's time, in place of any that it had.
    ///
    /// - Parameter at: by the boot clock.
    mutating func set(_ slot: TokenSlot, at: Duration) {
        times[slot] = at
        heap.insert(Due(at: at, slot: slot))
    }

    /// Removes and returns the slots whose time has come.
    mutating func take(until now: Duration) -> [TokenSlot] {
        var slots: [TokenSlot] = []
        while let due = heap.min, due.at <= now {
            heap.removeMin()
            guard times[due.slot] == due.at else { continue }
            times[due.slot] = nil
            slots.append(due.slot)
        }
        return slots
    }
}
