package import Foundation
import HeapModule
import Synchronization

/// Which tokens are to be refreshed, the one whose promise ends first in front.
///
/// Holds every token that is there, each in one place: waiting, due, or being refreshed. A refresh that is put off keeps
/// its place in the order. Only the ``Refresher`` takes from it.
package final class RefreshQueue: Sendable {
    private struct Place: Comparable {
        /// By the boot clock.
        let at: Duration
        let slot: TokenSlot

        static func < (left: Place, right: Place) -> Bool { left.at < right.at }
        static func == (left: Place, right: Place) -> Bool { left.at == right.at }
    }

    /// An object, so that the dictionary's free places are small.
    private final class Entry {
        enum State: Equatable {
            /// Until the refresh is due, and until somebody wants the token.
            case waiting
            case due
            /// By the boot clock.
            case putOff(until: Duration)
            case refreshing
        }

        let life: TokenLife
        /// Whether somebody fetched the token.
        var isWanted = false
        var state = State.waiting
        /// When it is looked at next.
        var timer: Duration = .zero

        init(life: TokenLife) {
            self.life = life
        }
    }

    private struct Contents {
        var entries: [TokenSlot: Entry] = [:]
        /// By the next look. A place that does not say the entry's time was overridden.
        var timers = Heap<Place>()
        /// By the end of the promise, for each token endpoint. A place whose entry is not due any more was left.
        var due: [URL: Heap<Place>] = [:]

        /// The first place whose entry is still due; drops those before it.
        mutating func firstDue(at endpoint: URL) -> Place? {
            while let place = due[endpoint]?.min {
                if entries[place.slot]?.state == .due { return place }
                due[endpoint]?.removeMin()
            }
            due[endpoint] = nil
            return nil
        }
    }

    private let endpoint: @Sendable (KeyID) -> URL
    /// Guards every token's place.
    private let contents = Mutex(Contents())

    /// - Parameter endpoint: the token endpoint of a key.
    package init(endpoint: @escaping @Sendable (KeyID) -> URL) {
        self.endpoint = endpoint
    }

    func reserveCapacity(_ count: Int) {
        contents.withLock { $0.entries.reserveCapacity(count) }
    }

    /// Gives a new token its place, instead of the one that the slot had.
    func schedule(_ slot: TokenSlot, _ life: TokenLife, at now: Moment) {
        contents.withLock { contents in
            contents.entries[slot] = Entry(life: life)
            setTimer(of: slot, at: now, in: &contents)
        }
    }

    /// Notes that somebody fetched a slot's token.
    func want(_ slot: TokenSlot, at now: Moment) {
        contents.withLock { contents in
            contents.entries[slot]?.isWanted = true
            enqueueIfDue(slot, at: now, in: &contents)
        }
    }

    /// Forgets a slot.
    func remove(_ slot: TokenSlot) {
        contents.withLock { $0.entries[slot] = nil }
    }

    /// The tokens that are there, and such as are to be refreshed now.
    package var counts: (all: Int, due: Int) {
        contents.withLock { ($0.entries.count, $0.due.values.reduce(0) { $0 + $1.count }) }
    }

    /// A token whose life has come to its next stage.
    struct Change {
        let slot: TokenSlot
        let life: TokenLife
        let isWanted: Bool
        /// The token endpoint for which its refresh waits; `nil` if the refresh is not due, or was put off.
        let waitsFor: URL?
    }

    /// Looks at whatever has to be looked at by now: what is due becomes so, what has expired goes.
    func advance(to now: Moment) -> [Change] {
        contents.withLock { contents in
            var changes: [Change] = []
            while let place = contents.timers.min, place.at <= now.boot {
                contents.timers.removeMin()
                let slot = place.slot
                guard let entry = contents.entries[slot], entry.timer == place.at else { continue }
                changes.append(
                    Change(
                        slot: slot, life: entry.life, isWanted: entry.isWanted,
                        waitsFor: entry.state == .due ? endpoint(slot.keyID) : nil))
                guard entry.life.remaining(at: now) > .zero else {
                    contents.entries[slot] = nil
                    continue
                }
                if case .putOff(let until) = entry.state, until <= now.boot { contents.entries[slot]?.state = .waiting }
                enqueueIfDue(slot, at: now, in: &contents)
                setTimer(of: slot, at: now, in: &contents)
            }
            return changes
        }
    }

    /// The token endpoints for which something is due.
    var endpoints: [URL] { contents.withLock { Array($0.due.keys) } }

    /// The refreshes that are due for one token endpoint.
    struct Backlog {
        let count: Int
        /// The first and the last end of a promise, by the boot clock.
        let firstPromiseEnds: Duration
        let lastPromiseEnds: Duration
    }

    /// The refreshes that are due for a token endpoint; `nil` if there are none.
    func backlog(at endpoint: URL) -> Backlog? {
        contents.withLock { contents in
            guard let first = contents.firstDue(at: endpoint), let due = contents.due[endpoint] else { return nil }
            return Backlog(count: due.count, firstPromiseEnds: first.at, lastPromiseEnds: due.max?.at ?? first.at)
        }
    }

    /// Takes the first token that is due: it is being refreshed from now on.
    func takeFirst(at endpoint: URL) -> TokenSlot? {
        contents.withLock { contents in
            guard let place = contents.firstDue(at: endpoint) else { return nil }
            contents.due[endpoint]?.removeMin()
            contents.entries[place.slot]?.state = .refreshing
            return place.slot
        }
    }

    /// What becomes of a token that was taken.
    enum Return {
        /// Another one will do: it goes when it expires, or comes back when somebody wants it.
        case notNeeded
        case again(after: Duration)
    }

    /// Puts a token back that was taken, unless it has been replaced.
    func put(back slot: TokenSlot, _ reason: Return, at now: Moment) {
        contents.withLock { contents in
            guard contents.entries[slot]?.state == .refreshing else { return }
            switch reason {
            case .notNeeded:
                contents.entries[slot]?.state = .waiting
                contents.entries[slot]?.isWanted = false
            case .again(let wait) where wait > .zero:
                contents.entries[slot]?.state = .putOff(until: now.boot + wait)
                setTimer(of: slot, at: now, in: &contents)
            case .again:
                contents.entries[slot]?.state = .waiting
                enqueueIfDue(slot, at: now, in: &contents)
            }
        }
    }

    private func enqueueIfDue(_ slot: TokenSlot, at now: Moment, in contents: inout Contents) {
        guard let entry = contents.entries[slot], entry.state == .waiting, entry.isWanted,
            entry.life.state(at: now) != .fresh
        else { return }
        contents.entries[slot]?.state = .due
        contents.due[endpoint(slot.keyID), default: Heap()].insert(Place(at: entry.life.promiseEnds, slot: slot))
    }

    private func setTimer(of slot: TokenSlot, at now: Moment, in contents: inout Contents) {
        guard let entry = contents.entries[slot] else { return }
        var at = now.boot + entry.life.nextChange(at: now)
        if case .putOff(let until) = entry.state { at = min(at, until) }
        contents.entries[slot]?.timer = at
        contents.timers.insert(Place(at: at, slot: slot))
    }
}
