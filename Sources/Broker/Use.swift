package import Foundation
import Synchronization

/// How an access key, a client or a client secret is used: when last, and how often since the start.
package final class Use: Sendable {
    package enum Owner: Hashable, Sendable {
        case key(KeyID)
        case client(ClientID)
        case secret(ClientSecretVerifier)
    }

    package let owner: Owner
    private let times = Atomic(0)
    private let last: Timestamp
    fileprivate let isUnsaved = Atomic(false)

    package init(of owner: Owner, last: Date?) {
        self.owner = owner
        self.last = Timestamp(last)
    }

    /// Since the start.
    package var count: Int { times.load(ordering: .relaxed) }

    /// `nil`: never.
    package var lastDate: Date? { last.date }

    fileprivate func note(at now: Date) {
        times.add(1, ordering: .relaxed)
        last.set(now)
    }
}

/// Notes uses, and saves the last ones now and then. To note one takes no lock, but for the first since it was saved.
package final class UseLog: Sendable {
    /// So many at once keep nobody waiting who has something to record.
    private static let most = 500

    private let store: any Store
    /// Guards the uses that have changed since they were saved.
    private let unsaved = Mutex<[Use]>([])

    package init(store: any Store) {
        self.store = store
    }

    func note(_ use: Use, at now: Date) {
        use.note(at: now)
        guard !use.isUnsaved.load(ordering: .relaxed), !use.isUnsaved.exchange(true, ordering: .relaxed) else { return }
        unsaved.withLock { $0.append(use) }
    }

    /// Saves what has changed; what could not be saved is saved the next time.
    package func save() async throws {
        var left = unsaved.withLock(\.count)
        while left > 0 {
            let uses = unsaved.withLock { unsaved in
                defer { unsaved.removeFirst(min(Self.most, unsaved.count)) }
                return Array(unsaved.prefix(Self.most))
            }
            left -= Self.most
            try await save(uses)
        }
    }

    private func save(_ uses: [Use]) async throws {
        for use in uses { use.isUnsaved.store(false, ordering: .sequentiallyConsistent) }
        do {
            try await store.save(uses.compactMap { use in use.lastDate.map { (use.owner, $0) } })
        } catch {
            let again = uses.filter { !$0.isUnsaved.exchange(true, ordering: .relaxed) }
            unsaved.withLock { $0 += again }
            throw error
        }
    }
}
