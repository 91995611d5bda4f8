import Broker
import NIOCore
import Synchronization

/// The open connections of one kind of listener. Their number is bounded, and nobody can take the places of all others.
///
/// If the table is full, a new connection evicts another one: the oldest one of the Unix user or network that holds the
/// most, among those on which no client was authenticated and no answer is awaited. A connection that awaits an answer when
/// an eviction examines it counts as a new one from then on. A connection with an authenticated client is kept. Each client,
/// and all of them together, can only keep a part of the table, so that there is always a connection to evict.
package final class ConnectionTable: Sendable {
    /// The connections of one Unix user or network.
    private struct Holder {
        var count = 0
        /// The connections that may be evicted, by number.
        private var evictable: [UInt64: OpenConnection] = [:]
        /// The numbers in ``evictable``, the oldest first, and some numbers that are no longer in there.
        private var numbers = CircularBuffer<UInt64>()

        mutating func add(_ connection: OpenConnection) {
            evictable[connection.number] = connection
            numbers.append(connection.number)
            if numbers.count > 2 * evictable.count + 64 {
                numbers = CircularBuffer(numbers.filter { evictable[$0] != nil })
            }
        }

        /// Returns whether the connection could have been evicted.
        @discardableResult
        mutating func remove(_ connection: OpenConnection) -> Bool {
            evictable.removeValue(forKey: connection.number) != nil
        }

        /// The oldest connection that awaits no answer.
        ///
        /// Takes constant time unless many connections await answers: a flood calls this once per connection.
        mutating func oldestEvictable() -> OpenConnection? {
            var awaiting = 0
            while awaiting < evictable.count, let number = numbers.popFirst() {
                guard let connection = evictable[number] else { continue }
                if connection.awaitsAnswer.load(ordering: .relaxed) {
                    numbers.append(number)
                    awaiting += 1
                } else {
                    numbers.prepend(number)
                    return connection
                }
            }
            return nil
        }
    }

    private struct Places {
        var count = 0
        var nextNumber: UInt64 = 0
        var holders: [Peer.Origin: Holder] = [:]
        /// Who keeps which connection, by number.
        var keepers: [UInt64: ClientID] = [:]
        var keptBy: [ClientID: Int] = [:]
        /// Evicted connections that are not closed yet, by number.
        var leaving: Set<UInt64> = []
        var evicted = 0

        mutating func enter(
            _ holder: Peer.Origin, in table: ConnectionTable, close: @escaping @Sendable () -> Void
        ) -> OpenConnection {
            let connection = OpenConnection(in: table, number: nextNumber, holder: holder, close: close)
            nextNumber += 1
            count += 1
            holders[holder, default: Holder()].count += 1
            holders[holder]?.add(connection)
            return connection
        }

        mutating func keep(_ connection: OpenConnection, for client: ClientID) {
            guard holders[connection.holder]?.remove(connection) == true else { return }
            keepers[connection.number] = client
            keptBy[client, default: 0] += 1
        }

        mutating func evict(_ connection: OpenConnection) {
            remove(connection)
            leaving.insert(connection.number)
            evicted += 1
        }

        mutating func remove(_ connection: OpenConnection) {
            guard leaving.remove(connection.number) == nil else { return }
            count -= 1
            let holder = connection.holder
            holders[holder]?.remove(connection)
            holders[holder]?.count -= 1
            if holders[holder]?.count == 0 { holders[holder] = nil }
            guard let client = keepers.removeValue(forKey: connection.number), let kept = keptBy[client] else { return }
            keptBy[client] = kept > 1 ? kept - 1 : nil
        }

        /// The oldest connection that may be evicted of the holder that has the most connections.
        mutating func mostExpendable() -> OpenConnection? {
            var found: (count: Int, connection: OpenConnection)?
            for index in holders.indices where holders.values[index].count >= found?.count ?? 0 {
                guard let oldest = holders.values[index].oldestEvictable() else { continue }
                let count = holders.values[index].count
                if let found, count == found.count, oldest.number > found.connection.number { continue }
                found = (count, oldest)
            }
            return found?.connection
        }
    }

    private let capacity: Int
    private let capacityPerUser: Int
    /// The most evicted connections that are not closed yet.
    let mostLeaving: Int
    /// Guards which connections there are, and whose they are.
    private let places = Mutex(Places())

    /// - Parameters:
    ///   - capacity: the most connections, besides evicted ones that are about to close.
    ///   - capacityPerUser: the most connections of one Unix user.
    package init(capacity: Int, perUser capacityPerUser: Int = .max) {
        self.capacity = capacity
        self.capacityPerUser = capacityPerUser
        mostLeaving = min(256, max(1, capacity / 8))
    }

    /// The number of open connections.
    package var open: Int { places.withLock { $0.count + $0.leaving.count } }

    /// The number of connections that were evicted.
    package var evicted: Int { places.withLock(\.evicted) }

    /// Enters a new connection, and evicts another one if there is no room.
    ///
    /// - Parameter close: closes the new connection if it is evicted later; called at most once, on any thread.
    /// - Returns: the new connection, and the evicted one; `nil` if there is no room and no connection can be evicted.
    func enter(
        _ peer: Peer, close: @escaping @Sendable () -> Void
    ) -> (entered: OpenConnection, evicted: OpenConnection?)? {
        let holder = peer.origin.neighbourhood
        let change = places.withLock { places -> (entered: OpenConnection, evicted: OpenConnection?)? in
            let isUserFull = peer.user != nil && places.holders[holder]?.count ?? 0 >= capacityPerUser
            guard isUserFull || places.count >= capacity else {
                return (places.enter(holder, in: self, close: close), nil)
            }
            guard places.leaving.count < mostLeaving,
                let evicted = isUserFull ? places.holders[holder]?.oldestEvictable() : places.mostExpendable()
            else { return nil }
            places.evict(evicted)
            return (places.enter(holder, in: self, close: close), evicted)
        }
        change?.evicted?.close()
        return change
    }

    /// Keeps a connection for a client, up to half of the table for each client and seven eighths for all.
    ///
    /// - Returns: whether the connection is kept.
    func keep(_ connection: OpenConnection, for client: ClientID) -> Bool {
        places.withLock { places in
            guard places.keptBy[client, default: 0] < capacity / 2, places.keepers.count < capacity - capacity / 8
            else { return false }
            places.keep(connection, for: client)
            return true
        }
    }

    /// Removes a connection that is closed.
    func remove(_ connection: OpenConnection) {
        places.withLock { $0.remove(connection) }
    }
}
