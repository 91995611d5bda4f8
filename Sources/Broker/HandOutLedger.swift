import Synchronization

/// Who got which token: the first time durably in the audit, later times by count.
package final class HandOutLedger: Sendable {
    private struct Page {
        var token: TokenDigest
        var recipients: Set<Actor> = []
        let uses = HandOutCount()
    }

    private let store: any Store
    private let clock: any BrokerClock
    /// Guards a page for each slot: its newest token's recipients, and how often a token of it was handed out.
    private let pages = Mutex<[TokenSlot: Page]>([:])

    package init(store: any Store, clock: any BrokerClock) {
        self.store = store
        self.clock = clock
    }

    /// Returns when the hand-out may go on: when this token's first one to this recipient is durable.
    package func handOut(_ token: AccessToken, of project: ProjectID, to recipient: Actor) async throws {
        let now = clock.now.wall
        let isKnown = pages.withLock { pages in
            var page = pages[token.slot] ?? Page(token: token.digest)
            if page.token != token.digest {
                page.token = token.digest
                page.recipients = []
            }
            page.uses.count(at: now)
            pages[token.slot] = page
            return page.recipients.contains(recipient)
        }
        if isKnown { return }
        var record = AuditRecord(
            at: now, actor: recipient, action: .tokenHandedOut, project: project, key: token.slot.keyID,
            token: token.digest
        )
        if case .client(let id) = recipient { record.client = id }
        try await store.record(record)
        pages.withLock { pages in
            if pages[token.slot]?.token == token.digest { pages[token.slot]?.recipients.insert(recipient) }
        }
    }

    /// `nil` when no token of the slot was handed out since the start.
    package func uses(of slot: TokenSlot) -> HandOutCount? {
        pages.withLock { $0[slot]?.uses }
    }
}
