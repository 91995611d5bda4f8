import Broker
import Synchronization

/// A connection that is entered in a ``ConnectionTable``.
final class OpenConnection: Sendable {
    private let table: ConnectionTable
    /// Counts up: an older connection has a smaller number.
    let number: UInt64
    /// The Unix user or network that holds the connection.
    let holder: Peer.Origin
    /// Closes the connection.
    let close: @Sendable () -> Void
    /// Whether a request was read whose answer is not written yet.
    let awaitsAnswer = Atomic(false)

    init(in table: ConnectionTable, number: UInt64, holder: Peer.Origin, close: @escaping @Sendable () -> Void) {
        self.table = table
        self.number = number
        self.holder = holder
        self.close = close
    }

    /// Keeps the connection, on which a client was authenticated, from being evicted.
    ///
    /// - Returns: `false` if the client, or all clients together, keep as many as they may.
    func keep(for client: ClientID) -> Bool { table.keep(self, for: client) }

    /// Removes the connection, which is closed, from the table.
    func remove() { table.remove(self) }
}
