import Broker
import Logging
import Synchronization

/// How many connections there may be at a time: in all, and of one Unix user.
package final class ConnectionLimit: Sendable {
    private struct State {
        var open = 0
        var ofUser: [UInt32: Int] = [:]
    }

    private let most: Int
    private let mostOfUser: Int
    /// Guards the numbers of connections that are open.
    private let state = Mutex(State())

    package init(_ most: Int, perUser mostOfUser: Int = .max) {
        self.most = most
        self.mostOfUser = mostOfUser
    }

    /// How many are open.
    var open: Int { state.withLock(\.open) }

    /// Counts a connection, unless it is one too many.
    func admit(_ peer: Peer) -> Bool {
        state.withLock { state in
            guard state.open < most else { return false }
            if let user = peer.user {
                guard state.ofUser[user, default: 0] < mostOfUser else { return false }
                state.ofUser[user, default: 0] += 1
            }
            state.open += 1
            return true
        }
    }

    /// A connection that was counted is closed.
    func release(_ peer: Peer) {
        state.withLock { state in
            state.open -= 1
            guard let user = peer.user, let open = state.ofUser[user] else { return }
            state.ofUser[user] = open > 1 ? open - 1 : nil
        }
    }
}

/// How the files that the process may have open are shared out, so that clients cannot take those that others need.
package struct ConnectionLimits: Sendable {
    package let client: ConnectionLimit
    package let operations: ConnectionLimit
    package let admin: ConnectionLimit

    /// How many connections are open, by listener.
    package var open: [String: Int] {
        [Listener.Kind.client: client, .operations: operations, .admin: admin]
            .reduce(into: [:]) { $0[$1.key.rawValue] = $1.value.open }
    }

    /// - Parameter openFiles: as many as there may be: half of them, or all but 512, are the clients'.
    package init(openFiles: Int) {
        client = ConnectionLimit(min(4096, max(openFiles / 2, openFiles - 512)), perUser: 256)
        operations = ConnectionLimit(min(128, openFiles / 16))
        admin = ConnectionLimit(min(64, openFiles / 16))
    }
}
