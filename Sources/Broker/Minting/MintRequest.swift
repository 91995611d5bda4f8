package import Foundation
import Synchronization

/// A mint that is needed: with which key, where, for which scope, what for and until when.
package struct MintRequest: Sendable {
    package enum Purpose: Sendable {
        /// A client waits for the token.
        case caller
        /// A client waits for a token that replaces a rejected one. Comes with a permit of the budget.
        case replacement
        /// The token that is there will expire. Comes with a permit of the budget.
        case refresh
        /// An operator wants to know whether the key works.
        case verification
    }

    /// What changes while the mint runs.
    private final class Progress: Sendable {
        let isJoined = Atomic(false)
        let repeatsFailure = Atomic(false)
        let isDelayedByBudget = Atomic(false)
        let hasPermit: Atomic<Bool>
        /// Guards the clients that wait for the token.
        let clients = Mutex<[ClientID]>([])

        init(hasPermit: Bool) {
            self.hasPermit = Atomic(hasPermit)
        }
    }

    package let key: AccessKey
    package let endpoint: URL
    package let scope: Scope
    package let purpose: Purpose
    package let deadline: Deadline
    private let progress: Progress

    package init(key: AccessKey, endpoint: URL, scope: Scope, purpose: Purpose, deadline: Deadline) {
        self.key = key
        self.endpoint = endpoint
        self.scope = scope
        self.purpose = purpose
        self.deadline = deadline
        progress = Progress(hasPermit: purpose == .refresh || purpose == .replacement)
    }

    package var slot: TokenSlot { key.slot(for: scope) }

    /// Whether somebody waits for the token: a refresh becomes urgent when a caller joins it.
    var isUrgent: Bool { purpose != .refresh || progress.isJoined.load(ordering: .relaxed) }

    /// The first clients that waited for the token: as many as say whose turn it is.
    var clients: [ClientID] { progress.clients.withLock(\.self) }

    /// A client waits for the token.
    func join(as client: ClientID) {
        progress.isJoined.store(true, ordering: .relaxed)
        progress.clients.withLock { clients in
            if clients.count < Self.mostClients, !clients.contains(client) { clients.append(client) }
        }
    }

    private static let mostClients = 8

    /// Whether the previous mint for the same key and scope failed, and not because of the endpoint.
    var repeatsFailure: Bool { progress.repeatsFailure.load(ordering: .relaxed) }

    func setRepeatsFailure() { progress.repeatsFailure.store(true, ordering: .relaxed) }

    /// Whether our own budget leaves a caller no time for a whole attempt.
    var isDelayedByBudget: Bool { progress.isDelayedByBudget.load(ordering: .relaxed) }

    func setDelayedByBudget(_ isDelayed: Bool) { progress.isDelayedByBudget.store(isDelayed, ordering: .relaxed) }

    /// Whether the request has a permit of the budget, which counts for one attempt.
    func usePermit() -> Bool { progress.hasPermit.exchange(false, ordering: .relaxed) }
}
