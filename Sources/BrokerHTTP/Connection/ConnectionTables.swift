/// The connections of all listeners. The files that the process may have open are shared out among them, so that clients
/// cannot take those that others need.
package struct ConnectionTables: Sendable {
    package let client: ConnectionTable
    package let operations: ConnectionTable
    package let admin: ConnectionTable

    /// - Parameter openFiles: the most files that the process may have open. Clients get half of them or all but 512,
    ///   whichever is more. One Unix user gets half of that: a proxy is one user with a connection for each of its visitors.
    package init(openFiles: Int) {
        let clients = min(4096, max(openFiles / 2, openFiles - 512))
        client = ConnectionTable(capacity: clients, perUser: clients / 2)
        operations = ConnectionTable(capacity: min(128, openFiles / 16))
        admin = ConnectionTable(capacity: min(64, openFiles / 16))
    }

    /// Every table, by the name of its listener.
    package var all: [String: ConnectionTable] {
        [
            Listener.Kind.client.rawValue: client, Listener.Kind.operations.rawValue: operations,
            Listener.Kind.admin.rawValue: admin,
        ]
    }

    /// The number of open connections, by the name of the listener.
    package var open: [String: Int] { all.mapValues(\.open) }
}
